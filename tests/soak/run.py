"""Use everything for a day, and print what has grown.

`python tests/soak/run.py [--evaluations N] [--connections N] [--json FILE] [--write] [NAME…]`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.rows import Skipped
from soak.figures import Soak, soaked
from soak.subjects import SUBJECTS

__all__ = ["main"]

_DOCUMENT: Final = Path(__file__).parent / "SOAK.md"
_TABLE: Final = re.compile(r"(<!-- soak: [^\n]*-->\n).*?(<!-- end of soak -->)", re.DOTALL)
_HEAD: Final = (
    "what",
    "evaluations",
    "connections",
    "seconds",
    "MB: warm, quarters",
    "bytes each, second half",
    "threads",
    "descriptors",
    "sessions",
)


def main() -> int:
    """Run the soaks that are named, all if none is; 1 if threads, files or sessions are left."""
    parser = argparse.ArgumentParser(description="Use repl-connect for long; print what grew.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(SUBJECTS))
    parser.add_argument("--evaluations", type=int, metavar="N", help="instead of each one's own")
    parser.add_argument("--connections", type=int, metavar="N", help="the same")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--write", action="store_true", help="put the rows into SOAK.md")
    options = parser.parse_args()
    unknown = set(options.names) - set(SUBJECTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    found: list[Soak] = []
    print(_line(_HEAD), flush=True)
    for name, subject in SUBJECTS.items():
        if options.names and name not in options.names:
            continue
        evaluations = subject.evaluations if options.evaluations is None else options.evaluations
        connections = subject.connections if options.connections is None else options.connections
        with tempfile.TemporaryDirectory(prefix="rs-", dir="/tmp") as directory:
            os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_STATE_HOME"] = directory
            try:
                with subject.open(Path(directory)) as use:
                    soak = soaked(
                        name,
                        use,
                        evaluations if subject.evaluations else 0,
                        connections if subject.connections else 0,
                    )
            except Skipped as reason:
                print(f"{name}: skipped: {reason}", flush=True)
                continue
        found.append(soak)
        print(_line(soak.cells()), flush=True)
    if options.json:
        about = {"machine": platform.platform(), "python": platform.python_version()}
        rows = [
            {**soak._asdict(), "samples": [each._asdict() for each in soak.samples]}
            for soak in found
        ]
        text = json.dumps({**about, "soaks": rows}, indent=2)
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    if options.write:
        _write(found)
    return int(not all(soak.leaves_nothing for soak in found))


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _write(found: list[Soak]) -> None:
    """Put these rows into the document; those of others stay."""
    text = _DOCUMENT.read_text(encoding="utf-8")
    table = _TABLE.search(text)
    assert table is not None
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in table[0].splitlines()[3:-1]}
    rows |= {soak.name: _line(soak.cells()) for soak in found}
    lines = [_line(_HEAD), _line(("---",) * len(_HEAD))]
    lines += [rows[name] for name in SUBJECTS if name in rows]
    written = "\n".join([*lines, ""])
    _DOCUMENT.write_text(
        _TABLE.sub(lambda parts: parts[1] + written + parts[2], text), encoding="utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
