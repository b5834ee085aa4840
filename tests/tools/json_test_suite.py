#!/usr/bin/env python3
"""Runs all files of a copy of JSONTestSuite through the conformance driver: a part of them is in the tables, anyway.

    json_test_suite.py DRIVER FOLDER     the folder is its test_parsing

A file 'y_…' must be read, one 'n_…' must not, and one 'i_…' as tests/README.md has decided."""
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
                sys.exit(f"json_test_suite.py: there is no {kind}_*.json in {folder}")
            tables.append(pathlib.Path(work, kind))
            tables[-1].write_text(json.dumps(cases), encoding="utf-8")
        return subprocess.run([pathlib.Path(__file__).with_name("run_tables.py"), driver, *tables], check=False).returncode


sys.exit(main())
