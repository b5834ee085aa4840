"""The tests of the core alone, for scripts that build them with their own options: tests/coverage and tests/mutate."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# The tests of the headers that have separate code for SIDECALL_PREFER_SIZE.
SMALL = ["digest", "callback_url", "credentials", "subscription", "webhook"]

# The source and the compiler options of each test, by name. "tables" is the driver of TABLES.
TESTS = {path.name[:-len("_test.cpp")]: (path, ()) for path in sorted((ROOT / "tests/unit").glob("*_test.cpp"))}
TESTS["tables"] = (ROOT / "tests/conformance.cpp", ())
PORTABLE = "-DSIDECALL_NO_SHA_INSTRUCTIONS"
TESTS["digest, portable"] = (TESTS["digest"][0], (PORTABLE,))
TESTS["stack"] = (TESTS["stack"][0], ("-O2",))
TESTS["stack, portable"] = (TESTS["stack"][0], ("-O2", PORTABLE))
TESTS |= {f"{name}, small": (TESTS[name][0], ("-Os", "-DSIDECALL_PREFER_SIZE")) for name in SMALL}

# The names of the tests that each program is linked from. All programs but "tables" also need tests/main.cpp.
PROGRAMS = {}
for _name, (_, _options) in TESTS.items():
    PROGRAMS.setdefault("tables" if _name == "tables" else "unit" + "".join(_options), []).append(_name)

# The project's own tables, and those in ../shared/conformance if it exists. oai_slice.json there is not a table.
TABLES = sorted([*(ROOT / "tests/data").glob("*.json"),
                 *(path for path in (ROOT.parent / "shared/conformance").rglob("*.json")
                   if path.name != "oai_slice.json")])
