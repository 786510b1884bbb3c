"""Measure, and print a table: `python tests/bench/run.py [--quick] [--json FILE] [NAME…]`.

With `--write` the documents are written anew: `figures.json`, the tables of `SPEED.md`, and that of
the README. A measurement that fails is a line that says why; the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import machine
from bench.measures import MEASURES, PEERS, Row, Skipped
from bench.rows import Figure
from bench.tables import FIGURES, shown

__all__ = ["main"]

_ALL: Final[dict[str, Callable[..., Any]]] = {**MEASURES, **PEERS}
_LONGEST: Final = 180.0
"""Seconds that one may take. After that it fails, and if it goes on, each minute again."""


def main() -> int:
    """Run what is named, all if nothing is; 1 if a ratio is over its limit or something failed."""
    parser = argparse.ArgumentParser(description="Measure repl-connect against its peers.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(_ALL))
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    parser.add_argument("--write", action="store_true", help="write the documents, from all")
    options = parser.parse_args()
    unknown = set(options.names) - set(_ALL)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if options.write and options.names:
        parser.error("the documents are written from all measurements of one run: name none")
    result = _measured(options.names or list(_ALL), quick=options.quick)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if options.json:
        Path(options.json).write_text(text, encoding="utf-8")
    if options.write:
        FIGURES.write_text(text, encoding="utf-8")
        _write_documents()
    parts = result["measures"].values()
    rows = [Row(**row) for part in parts for row in part["rows"]]
    return int(any("failed" in part for part in parts) or not all(row.within() for row in rows))


def _measured(names: list[str], *, quick: bool) -> dict[str, Any]:
    """All that a run has found, as it is written."""
    load = os.getloadavg()[0]
    started = time.monotonic()
    here = _one(machine.measured, quick=quick)
    print("  ".join(f"{name} {seconds * 1e3:.4g} ms" for name, seconds in here["found"].items()))
    print(f"{'':34}{'ours':>12}{'against':>24}{'':>12}{'ratio':>8}{'limit':>8}{'goal':>7}")
    measures = {}
    for name in names:
        part = _one(_ALL[name], quick=quick)
        found = part.pop("found") or []
        for kind in ("failed", "skipped"):
            if kind in part:
                print(f"{name:34}{kind}: {part[kind]}", flush=True)
        for each in found:
            print(line(each) if isinstance(each, Row) else figure_line(each), flush=True)
        rows = [each for each in found if isinstance(each, Row)]
        figures = [each for each in found if isinstance(each, Figure)]
        figures += [figure for row in rows for figure in row.figures]
        part["rows"] = [row._replace(figures=())._asdict() for row in rows]
        part["figures"] = [figure._asdict() for figure in figures]
        measures[name] = part
    return {
        "command": " ".join(["python tests/bench/run.py", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "quick": quick,
        "seconds": round(time.monotonic() - started, 1),
        "load": [load, os.getloadavg()[0]],
        "machine": machine.described(),
        "here": here["found"] or dict(machine.REFERENCE),
        "measures": measures,
    }


def _one(measure: Callable[..., Any], *, quick: bool) -> dict[str, Any]:
    """What one has found, the seconds that took, and why if it has found nothing."""
    part: dict[str, Any] = {"found": None}
    started = time.monotonic()
    with tempfile.TemporaryDirectory(
        prefix="rb-", dir="/tmp", ignore_cleanup_errors=True
    ) as directory:
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = directory
        before = signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, _LONGEST, 60.0)
        try:
            part["found"] = measure(Path(directory), quick=quick)
        except Skipped as reason:
            part["skipped"] = str(reason)
        except Exception as problem:  # whatever it is, the others are measured
            text = str(problem).strip().partition("\n")[0][:200]
            part["failed"] = f"{type(problem).__name__}: {text}" if text else type(problem).__name__
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
    part["seconds"] = round(time.monotonic() - started, 1)
    return part


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no end after {_LONGEST:.0f} s")


def _write_documents() -> None:
    from laws.documents import DOCUMENTS, with_tables

    for document in DOCUMENTS:
        document.write_text(with_tables(document.read_text("utf-8")), "utf-8")


def line(row: Row) -> str:
    """One row of the table; what is over its limit is marked."""
    limit, goal = (f"{each:.2f}" if each is not None else "" for each in (row.limit, row.goal))
    return (
        f"{row.name:34}{shown(row.ours, row.unit):>12}{row.against:>24}"
        f"{shown(row.theirs, row.unit):>12}{row.ratio:>8.2f}{limit:>8}{goal:>7}"
        f"{'' if row.within() else '  OVER'}{'  ' + row.note if row.note else ''}"
    )


def figure_line(figure: Figure) -> str:
    """One number of another program."""
    from bench.targets import TARGETS

    value = "-" if figure.value is None else shown(figure.value, TARGETS[figure.metric].unit)
    return f"{figure.who + ': ' + figure.metric:34}{value:>12}  {figure.note}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
