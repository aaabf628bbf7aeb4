"""`python -m lab.scenarios`: the tables of docs/scenarios.md, to be pasted there."""

import sys

from lab.scenarios.overview import markdown_tables

if __name__ == "__main__":
    sys.stdout.write(markdown_tables() + "\n")
