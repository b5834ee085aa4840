#!/usr/bin/env python3
"""Runs the program of tests/bench/instructions under callgrind and compares its figures with the stored ones.

    instructions.py [--update] COMPILER PROGRAM
    instructions.py --key COMPILER               prints the key under which the compiler's figures are stored
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

STORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'instructions.json')
MOST = 1.03


def key_of(compiler):
    """Returns what decides the generated code: 'g++ 12.2.0 x86_64-linux-gnu', and the compiler's options if any."""
    words = compiler.split()
    name = re.sub(r'-\d+$', '', os.path.basename(words[0]))
    version = subprocess.run([words[0], '-dumpfullversion', '-dumpversion'], capture_output=True, text=True).stdout.split()
    machine = subprocess.run([words[0], '-dumpmachine'], capture_output=True, text=True).stdout.strip()
    return ' '.join([name, version[0] if version else '?', machine.replace('-pc-', '-')] + words[1:])


def count(program):
    """Returns {name: {instructions, allocations}} per operation, and the names of the library's works."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {'PATH': os.environ['PATH']} # the size of the environment decides where the stack begins
        # Makes libc and OpenSSL choose the same functions on every processor.
        environment['GLIBC_TUNABLES'] = 'glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-RTM,-AVX_Fast_Unaligned_Load'
        environment['OPENSSL_ia32cap'] = '0x0200000003000000:0'
        run = subprocess.run(['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/out', program],
                             capture_output=True, text=True, env=environment)
        if run.returncode != 0:
            sys.exit(f'instructions: {program} failed\n{run.stderr}')
        totals = {}
        for path in glob.glob(f'{folder}/out.*'):
            with open(path) as file:
                text = file.read()
            name = re.search(r'^desc: Trigger: Client Request: (.*)$', text, re.M)
            total = re.search(r'^(?:totals|summary): (\d+)$', text, re.M)
            if name and total:
                totals[name[1]] = int(total[1])
    figures = {}
    ours = set()
    for line in run.stdout.splitlines():
        name, operations, allocations, is_ours = line.split('\t')
        figures[name] = {'instructions': round(totals[name] / int(operations)),
                         'allocations': round(int(allocations) / int(operations), 4)}
        if int(is_ours):
            ours.add(name)
    return figures, ours


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ['--key']:
        print(key_of(arguments[1]))
        return 0
    update = arguments[:1] == ['--update']
    compiler, program = arguments[update:]
    key = key_of(compiler)
    figures, ours = count(os.path.abspath(program))
    stored = {}
    if os.path.exists(STORE):
        with open(STORE) as file:
            stored = json.load(file)
    before = stored.get(key)

    print(f'== {key}')
    width = max(map(len, figures))
    for name, figure in figures.items():
        old = (before or {}).get(name)
        change = f'{100 * (figure["instructions"] / old["instructions"] - 1):+8.2f} %' if old else ''
        print(f'{name:{width}} {figure["instructions"]:10,} instructions {figure["allocations"]:4g} allocations {change}')

    if update:
        stored[key] = figures
        with open(STORE, 'w') as file:
            json.dump(stored, file, indent=1, sort_keys=True)
            file.write('\n')
        print(f'stored for {key}')
        return 0
    if before is None:
        print(f'No counts are stored for {key}, so nothing is compared; '
              'tests/bench/instructions --update stores them. Stored: '
              + (', '.join(stored) or 'none'))
        return 0
    bad = []
    for name in sorted(ours | before.keys()):
        if name not in figures:
            bad.append(f'{name}: stored, but not counted')
        elif name not in before:
            bad.append(f'{name}: counted, but not stored')
        elif name in ours:
            new, old = figures[name], before[name]
            if new['instructions'] > MOST * old['instructions']:
                bad.append(f'{name}: {new["instructions"]:,} instructions instead of {old["instructions"]:,}, '
                           f'{100 * (new["instructions"] / old["instructions"] - 1):+.1f} %')
            if new['allocations'] != old['allocations']:
                bad.append(f'{name}: {new["allocations"]:g} allocations instead of {old["allocations"]:g}')
    for line in bad:
        print(f'FAILED: {line}')
    return 1 if bad else 0


sys.exit(main())
