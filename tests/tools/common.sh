# What the scripts that build and test have in common; each of them sources this. It goes to the project's folder, from where
# all their paths count.
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# What all of the tests and examples need, but for a compiler.
packages=(meson ninja-build pkg-config python3 doctest-dev nlohmann-json3-dev libcli11-dev libcurl4-openssl-dev
    libcpp-httplib-dev libssl-dev ca-certificates)

# What each of examples/stacks needs besides. There can only be one Boost, and tests/bench takes 1.81.
declare -A stack_packages=([asio]=libasio-dev [beast]='libboost1.81-dev|libboost1.74-dev|libboost-dev' [qt]=qt6-base-dev)

help() { # script: prints what it says of itself at its top
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$1"
}

configure() { # folder, options of meson's…: with the compiler in CXX; once, unless they change. It speaks only if it fails
    local build=$1 wanted="${CXX-} ${*:2}"
    shift
    mkdir -p build
    if [ -f "$build/build.ninja" ] && [ "$(cat "$build.options" 2>/dev/null)" = "$wanted" ]; then return; fi
    rm -rf "$build"
    meson setup "$build" "$@" >"$build.log" 2>&1 || { cat "$build.log" >&2; return 1; }
    echo "$wanted" >"$build.options"
}

passed=0
failed=0
count() { # of passes, of failures
    passed=$((passed + $1))
    failed=$((failed + $2))
}

check() { # what, command…: a check that is one test
    local what=$1
    shift
    if "$@"; then count 1 0; else
        count 0 1
        echo "FAILED: $what"
    fi
}

run_tests() { # folder, arguments of 'meson test'…: leaves the numbers in ok and bad; no test at all is a failure, too
    local build=$1 log kind several
    shift
    log=$(mktemp)
    meson test -C "$build" --print-errorlogs "$@" 2>&1 | tee "$log" || true
    number() { sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
    ok=$(number Ok)
    ok=${ok:-0}
    bad=0
    for kind in Fail 'Unexpected Pass' Timeout; do
        several=$(number "$kind")
        bad=$((bad + ${several:-0}))
    done
    if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    rm -f "$log"
}

run_each() { # a function that ends with run_tests, names that it is called with…: prints a table of them at the end
    local what=$1 name started numbers lines=()
    shift
    numbers=$(mktemp)
    for name in "$@"; do
        echo "== $name"
        started=$SECONDS
        ok=0
        bad=1 # if it cannot be built
        : >"$numbers"
        # In a shell of its own, so that whatever fails there ends this one alone.
        set +e
        (set -e; "$what" "$name"; echo "$ok $bad" >"$numbers")
        set -e
        if [ -s "$numbers" ]; then read -r ok bad <"$numbers"; fi
        count "$ok" "$bad"
        lines+=("$(printf '%-30s %6d %6d %7d' "$name" "$ok" "$bad" $((SECONDS - started)))")
    done
    rm -f "$numbers"
    printf '%-30s %6s %6s %7s\n' '' passed failed seconds
    printf '%s\n' "${lines[@]}" "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
