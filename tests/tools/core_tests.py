"""The tests that run the core and nothing else, for those who build it in ways of their own: tests/coverage, tests/mutate."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# The tests of headers that have code of their own where bytes are to be saved.
SMALL = ["digest", "callback_url", "credentials", "subscription", "webhook"]

# By name, the source of each and the options of the compiler that it needs. "tables" is the driver of TABLES.
TESTS = {path.name[:-len("_test.cpp")]: (path, ()) for path in sorted((ROOT / "tests/unit").glob("*_test.cpp"))}
TESTS["tables"] = (ROOT / "tests/conformance.cpp", ())
PORTABLE = "-DSIDECALL_NO_SHA_INSTRUCTIONS"
TESTS["digest, portable"] = (TESTS["digest"][0], (PORTABLE,))
TESTS["stack"] = (TESTS["stack"][0], ("-O2",))
TESTS["stack, portable"] = (TESTS["stack"][0], ("-O2", PORTABLE))
TESTS |= {f"{name}, small": (TESTS[name][0], ("-Os", "-DSIDECALL_PREFER_SIZE")) for name in SMALL}

# What they are linked into: by a name for it, their names. All but "tables" need tests/main.cpp, too.
PROGRAMS = {}
for _name, (_, _options) in TESTS.items():
    PROGRAMS.setdefault("tables" if _name == "tables" else "unit" + "".join(_options), []).append(_name)

# The project's own tables, and those beside it where they are. Another's document, oai_slice.json, is none.
TABLES = sorted([*(ROOT / "tests/data").glob("*.json"),
                 *(path for path in (ROOT.parent / "shared/conformance").rglob("*.json") if path.name != "oai_slice.json")])
