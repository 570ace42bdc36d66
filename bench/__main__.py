"""`python -m bench` takes every measurement in turn; `python -m bench NAME` takes one.

Each runs in its own process, so that none inherits another's threads, affinity or garbage.
"""

import argparse
import importlib
import subprocess
import sys
from typing import Final

#: In the order of the table in `README.md`.
MEASUREMENTS: Final = (
    "first_sound",
    "long_text",
    "between_jobs",
    "channels",
    "memory",
    "enqueue",
    "decision",
    "neighbour",
    "rendering",
    "fingerprint",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=MEASUREMENTS, help="only this one")
    name = parser.parse_args().name
    if name is not None:
        importlib.import_module(f"bench.{name}").measure().print()
        return 0
    runs = [subprocess.run([sys.executable, "-m", "bench", each]) for each in MEASUREMENTS]
    failed = [each for each, run in zip(MEASUREMENTS, runs, strict=True) if run.returncode]
    if failed:
        print(f"Not measured: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
