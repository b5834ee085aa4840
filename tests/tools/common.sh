# Functions and variables that the build and test scripts share; each script sources this file. It changes the working
# directory to the project's root, so all paths in the scripts are relative to that.
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

# The packages that the tests and examples need, without compilers.
packages=(meson ninja-build pkg-config python3 doctest-dev nlohmann-json3-dev libcli11-dev libcurl4-openssl-dev
    libcpp-httplib-dev libssl-dev 'libhttp-parser-dev|libllhttp-dev' ca-certificates)

# The additional package of each program in examples/stacks. Only one version of Boost can be installed; tests/bench
# uses 1.81.
declare -A stack_packages=([asio]=libasio-dev [beast]='libboost1.81-dev|libboost1.74-dev|libboost-dev'
    [qt]=qt6-base-dev)

# help SCRIPT: prints the comment at the top of the script, up to its 'set' line.
help() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$1"
}

# configure FOLDER MESON_OPTION...: sets up a build folder with the compiler in CXX. Does nothing if the folder is
# already set up with the same compiler and options; replaces it if they differ. Prints meson's output only on failure.
configure() {
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
count() { # passes, failures: adds to the totals
    passed=$((passed + $1))
    failed=$((failed + $2))
}

check() { # description, command…: runs the command and counts it as one test
    local description=$1
    shift
    if "$@"; then count 1 0; else
        count 0 1
        echo "FAILED: $description"
    fi
}

# run_tests FOLDER ARGUMENT...: runs 'meson test' with these arguments, and sets ok and bad to the numbers of tests that
# passed and failed. If no test ran, bad is 1. Runs one test more at a time than there are cores, because some tests
# mostly wait.
run_tests() {
    local build=$1 log kind several
    shift
    log=$(mktemp)
    meson test -C "$build" --num-processes "$(($(nproc) + 1))" --print-errorlogs "$@" 2>&1 | tee "$log" || true
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

# run_each FUNCTION NAME...: calls the function, which must end with run_tests, with each name. Prints a table of the
# results at the end.
run_each() {
    local function=$1 name started numbers lines=()
    shift
    numbers=$(mktemp)
    for name in "$@"; do
        echo "== $name"
        started=$SECONDS
        ok=0
        bad=1 # stays 1 if the build fails
        : >"$numbers"
        # In a subshell, so that a failure ends only this run and not the script.
        set +e
        (set -e; "$function" "$name"; echo "$ok $bad" >"$numbers")
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
