#!/usr/bin/env python3
"""Lists unqualified function calls in templates of the headers. Such a call also finds functions in the namespaces of
its arguments (argument-dependent lookup), so a template in a user's namespace could be called instead of the library's.

    unqualified_calls.py FOLDER CLANG ARGUMENT...

FOLDER has the headers. CLANG is a clang++, which is run with the arguments. The exit status is 1 if there are
unqualified calls, or if clang reports fewer than 1,000 calls in all, because then it did not see all headers."""
import re
import subprocess
import sys

import usage

LOCATION = re.compile(r'(?P<file>/[^:<>\n]+|<[a-z -]+>):(?P<line>\d+):\d+|line:(?P<next>\d+):\d+')
# Operators are excluded: they cannot be qualified, and those of built-in types are not looked up.
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
        for place in LOCATION.finditer(node):  # the dump omits the file, and the line, if it is the same as before
            file = place['file'] or file
            line = place['line'] or place['next']
        calls += 'CallExpr' in node
        call = CALL.search(node)
        if call and file.startswith(folder):
            found[f'{file[len(folder):]}:{line}: {call[1]}'] = None
    print('\n'.join(found) if found else f'{calls} calls, no unqualified call in a template')
    return 1 if found or calls < 1000 else 0


usage.check_arguments(__doc__, 2)
sys.exit(main())
