#!/usr/bin/env python3
"""Lists the unqualified calls in templates of the headers. Such a call also looks for functions in the namespaces of its
arguments (ADL), so a template of the same name in a user's namespace could be called in place of ours. Exit 1 if there
are any.

    unqualified_calls.py FOLDER PROGRAM ARGUMENT...

FOLDER has the headers; PROGRAM, a clang++, gets the arguments."""
import re
import subprocess
import sys

LOCATION = re.compile(r'(?P<file>/[^:<>\n]+|<[a-z -]+>):(?P<line>\d+):\d+|line:(?P<next>\d+):\d+')
# Operators cannot be qualified, and there is no ADL for those of built-in types.
CALL = re.compile(r"UnresolvedLookupExpr.*\(ADL\) = '(?!operator\W)([^']*)'")


def main():
    folder, *compiler = sys.argv[1:]
    dump = subprocess.run([*compiler, '-fsyntax-only', '-fno-color-diagnostics', '-Xclang', '-ast-dump', '-Xclang',
                           '-ast-dump-filter=sidecall'], capture_output=True, text=True, errors='replace')
    if dump.returncode != 0:
        sys.exit(dump.stderr)
    found = {}
    file, line, calls = '', 0, 0
    for node in dump.stdout.splitlines():
        for place in LOCATION.finditer(node):  # the dump names a file, and a line, only where it changes
            file = place['file'] or file
            line = place['line'] or place['next']
        calls += 'CallExpr' in node
        call = CALL.search(node)
        if call and file.startswith(folder):
            found[f'{file[len(folder):]}:{line}: {call[1]}'] = None
    print('\n'.join(found) if found else f'{calls} calls, and no unqualified one in a template')
    return 1 if found or calls < 1000 else 0


sys.exit(main())
