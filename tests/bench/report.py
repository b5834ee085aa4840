#!/usr/bin/env python3
"""Prints the measurements of the benchmark programs as a table; --json FILE also writes them as a list of rows.

    report.py [--json FILE] [--instructions FILE --compiler KEY] MEASURED...
"""
import argparse
import json
import statistics
import sys

parser = argparse.ArgumentParser()
parser.add_argument('--json')
parser.add_argument('--instructions')
parser.add_argument('--compiler', default='')
parser.add_argument('measured', nargs='+')
arguments = parser.parse_args()

rows = []
for path in arguments.measured:
    with open(path) as file:
        rows += json.load(file)
if not rows:
    sys.exit('tests/bench/run: no row matches the filter')
races = list(dict.fromkeys(row['race'] for row in rows))
order = ['floor', 'ours', 'peer', 'other']
rows.sort(key=lambda row: (races.index(row['race']), order.index(row['role'])))
stored = {}
if arguments.instructions:
    with open(arguments.instructions) as file:
        stored = json.load(file).get(arguments.compiler, {})


def ratios(row, other):
    """Returns one ratio per round. In a round, both are measured within milliseconds of each other."""
    return [a / b for a, b in zip(row['rounds'], other['rounds'])]


def spread(values):
    """Returns half the interquartile range, in percent of the median."""
    low, _, high = statistics.quantiles(values, n=4)
    return 50 * (high - low) / statistics.median(values)


result = []
lines = []
for row in rows:
    race = [other for other in rows if other['race'] == row['race']]
    floor = next((other for other in race if other['role'] == 'floor'), None)
    to_floor = ratios(row, floor) if floor else []
    # The fastest peer gives the largest ratio. Only the library's first variant has peers, because they do the whole
    # work.
    first_of_ours = next(other for other in race if other['role'] == 'ours')
    to_peers = [statistics.median(ratios(row, other)) for other in race if other['role'] == 'peer']
    to_peer = max(to_peers) if to_peers and row is first_of_ours else None
    result.append({
        'name': row['name'],
        'ns': round(statistics.median(row['rounds']), 2),
        'allocations': row['allocations'],
        'instructions': stored.get(row['name'], {}).get('instructions'),
        'ratio_to_floor': round(statistics.median(to_floor), 4) if floor else None,
        'ratio_to_peer': round(to_peer, 4) if to_peer is not None else None,
    })
    lines.append((result[-1], spread(to_floor) if floor else None, row['race'], row['role']))


def shown(value, digits):
    return '' if value is None else f'{value:,.{digits}f}'


heads = ('', 'ns', 'allocations', 'instructions', 'to floor', '', 'to peer')
table = []
last = None
for row, width, race, role in lines:
    if last not in (None, race):
        table.append(None)
    last = race
    table.append((('  ' if role != 'ours' else '') + row['name'], shown(row['ns'], 1),
                  f'{row["allocations"]:.4g}', shown(row['instructions'], 0),
                  '' if role == 'floor' else shown(row['ratio_to_floor'], 3), '' if role == 'floor' or width is None else f'±{width:.0f}%',
                  shown(row['ratio_to_peer'], 3)))
widths = [max(len(line[i]) for line in [heads] + [line for line in table if line]) for i in range(len(heads))]
for line in [heads] + table:
    print('' if line is None else '  '.join(
        cell.ljust(widths[i]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(line)).rstrip())

widest = max((width or 0, row['name']) for row, width, race, role in lines)
if widest[0] > 5:
    print(f'The ratios of {widest[1]} vary by ±{widest[0]:.0f}% between rounds, because other programs use this '
          'machine. Repeat when it is idle, or with more --rounds.')

if arguments.json:
    with open(arguments.json, 'w') as file:
        json.dump(result, file, indent=1)
        file.write('\n')
