#!/usr/bin/env python3
"""Runs short soaks that make a mistake on purpose. Each must fail, and name the mistake in its last line.

    soak_notices.py LOAD_PROGRAM
"""

import subprocess
import sys

import usage

usage.check_arguments(__doc__, 1)

mistakes = {'lose': 'lost', 'double': 'doubled', 'reorder': 'out of order', 'leak': 'not level',
            'descriptors': 'not level'}
both = ['lose', 'double', 'reorder']  # noticed in both directions

runs = {mistake: subprocess.Popen([sys.argv[1], 'soak', '0.15', '--calls', '5', '--rate', '12', '--break', mistake],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for mistake in mistakes}
good = True
for mistake, run in runs.items():
    output, _ = run.communicate()
    lines = output.splitlines()
    verdict = next((line for line in lines if line.startswith('verdict: ')), '')
    directions = [line for line in lines if line.startswith('to the ')]
    noticed = run.returncode == 1 and mistakes[mistake] in verdict
    if mistake in both:
        noticed = noticed and len(directions) == 2 and not any(mistakes[mistake] + ' 0' in line for line in directions)
    print(f'{mistake}: {verdict}')
    if not noticed:
        print(f'FAILED: exit status {run.returncode}, expected 1 and "{mistakes[mistake]}"\n{output}')
        good = False
sys.exit(not good)
