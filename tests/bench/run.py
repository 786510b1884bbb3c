"""Measure, and print a table: `python tests/bench/run.py [--quick] [--json FILE] [NAME…]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measures import MEASURES, Row, Skipped

__all__ = ["main"]


def main() -> int:
    """Run the benches that are named, all if none is; 1 if a ratio is over its limit."""
    parser = argparse.ArgumentParser(description="Measure repl-connect against its peers.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    options = parser.parse_args()
    unknown = set(options.names) - set(MEASURES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    print(f"{'':34}{'ours':>12}{'against':>24}{'':>12}{'ratio':>8}{'limit':>8}{'goal':>7}")
    for name, measure in MEASURES.items():
        if options.names and name not in options.names:
            continue
        with tempfile.TemporaryDirectory(prefix="rb-", dir="/tmp") as directory:
            os.environ["XDG_RUNTIME_DIR"] = directory
            try:
                found = measure(Path(directory), quick=options.quick)
            except Skipped as reason:
                skipped[name] = str(reason)
                print(f"{name:34}skipped: {reason}")
                continue
        rows += found
        for row in found:
            print(line(row), flush=True)
    if options.json:
        about = {"machine": platform.platform(), "python": platform.python_version()}
        result = {**about, "rows": [row._asdict() for row in rows], "skipped": skipped}
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return int(not all(row.within() for row in rows))


def line(row: Row) -> str:
    """One row of the table; what is over its limit is marked."""
    limit, goal = (f"{each:.2f}" if each is not None else "" for each in (row.limit, row.goal))
    return (
        f"{row.name:34}{shown(row.ours, row.unit):>12}{row.against:>24}"
        f"{shown(row.theirs, row.unit):>12}{row.ratio:>8.2f}{limit:>8}{goal:>7}"
        f"{'' if row.within() else '  OVER'}{'  ' + row.note if row.note else ''}"
    )


def shown(value: float, unit: str) -> str:
    """A number with its unit; a time in the unit that fits."""
    if unit == "µs" and value >= 1000:
        return f"{value / 1000:.2f} ms"
    return f"{value:,.{0 if value >= 10_000 else 3 if value < 1 else 1}f} {unit}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
