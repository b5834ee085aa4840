"""What the tools have in common: the docstring is the help."""
import sys


def check_arguments(help_text, least):
    """Prints the help and exits: with status 0 for --help, with status 2 if there are fewer arguments than `least`."""
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(help_text)
        sys.exit(0)
    if len(sys.argv) <= least:
        print(help_text, file=sys.stderr)
        sys.exit(2)
