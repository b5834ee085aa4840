#!/usr/bin/env python3
"""Runs all files of JSONTestSuite through the conformance driver. (The tables in tests/data have only some of them.)

    json_test_suite.py DRIVER FOLDER     FOLDER is the folder test_parsing of a copy of JSONTestSuite

Files named 'y_…' must be accepted, files named 'n_…' rejected. Of the files named 'i_…', where either is allowed, those
that match READ must be accepted and the others rejected; tests/NOTES.md has the reasons."""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

READ = ("y_", "i_number_", "i_structure_500_nested_arrays")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    driver, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        tables = []
        for kind in "yni":
            cases = [{"case": {"op": "json", "body_b64": base64.b64encode(file.read_bytes()).decode()},
                      "expect": {"ok": file.name.startswith(READ)}, "why": file.name}
                     for file in sorted(pathlib.Path(folder).glob(f"{kind}_*.json"))]
            if not cases:
                sys.exit(f"json_test_suite.py: {folder} has no files named {kind}_*.json")
            tables.append(pathlib.Path(work, kind))
            tables[-1].write_text(json.dumps(cases), encoding="utf-8")
        run_tables = pathlib.Path(__file__).with_name("run_tables.py")
        return subprocess.run([run_tables, driver, *tables], check=False).returncode


sys.exit(main())
