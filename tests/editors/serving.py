"""A program to send code to, for who is not Python: `serving.py KIND DIRECTORY [ADDRESS]`.

The first line it writes is `at PID ADDRESS`, or `missing`, and why there is no such program. For
each line `VALUE` that it reads it waits until the program's loop prints its global with this value,
and writes `seen`, or `never`. When its input ends, it ends the program.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from editors.programs import start

__all__ = ["main"]


def main(kind: str, directory: str, address: str | None = None) -> None:
    """Run one until the input ends."""
    try:
        program = start(kind, Path(directory), address)
    except pytest.skip.Exception as reason:
        print("missing", reason, flush=True)
        return
    try:
        print("at", program.process.pid, program.address, flush=True)
        for line in sys.stdin:
            try:
                program.wait_for_global(int(line))
            except AssertionError:
                print("never", flush=True)
            else:
                print("seen", flush=True)
    finally:
        program.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
