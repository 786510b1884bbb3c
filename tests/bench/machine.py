"""The machine: what it is, and how much slower it is than the one that the targets are from."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from bench.load import in_turns, round_trips
from bench.processes import FLOOR, connected, floor, pinned_to, run_once, told

__all__ = ["REFERENCE", "described", "measured", "printed_line", "slower"]

REFERENCE: Final[Mapping[str, float]] = {"start": 8.5e-3, "echo": 10.6e-6, "line": 0.209e-6}
"""Seconds on that machine: `python -c pass`; a round trip of the C echo from a client in Python,
on a Unix socket; `print` of a line of 80 bytes to /dev/null."""

_MEGALINES: Final = 125_000
"""Lines of 80 bytes in 10 MB."""


def slower(what: str, seconds: float) -> float:
    """How much slower than that machine, of one of `REFERENCE`."""
    return seconds / REFERENCE[what]


def measured(directory: Path, *, quick: bool) -> dict[str, float]:
    """Seconds that each of `REFERENCE` takes here."""
    rounds = 250 if quick else 1000
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        bare = stack.enter_context(connected(stack.enter_context(floor(directory, 90, 160))))
        found = in_turns(
            6 if quick else 16,
            lambda: [run_once([sys.executable, "-c", "pass"])],
            lambda: round_trips(bare, b"x" * 90, 160, rounds),
            lambda: [printed_line(_MEGALINES)],
        )
    return dict(zip(REFERENCE, map(statistics.median, found), strict=True))


def printed_line(lines: int) -> float:
    """Seconds of one line, of so many of 80 bytes that are printed to /dev/null."""
    return told("printing", lines) / lines


def described() -> dict[str, str]:
    """What it is, and what is installed that is measured."""
    known: dict[str, Callable[[], str]] = {
        "processor": _processor,
        "processors": lambda: str(len(os.sched_getaffinity(0))),
        "kernel": lambda: f"{platform.system()} {platform.release()}",
        "system": lambda: platform.freedesktop_os_release()["PRETTY_NAME"],
        "Python": platform.python_version,
        "floor": lambda: FLOOR,
        "manhole": lambda: metadata.version("manhole"),
        "ptpython": lambda: metadata.version("ptpython"),
        "nREPL": lambda: Path("/usr/share/java/nrepl.jar").resolve(strict=True).stem,
        "Java": lambda: _said(["java", "-version"], r'version "([^"]+)"'),
        "Guile": lambda: _said(["guile", "--version"], r"\b(\d+\.\d+\.\d+)"),
        "socat": lambda: _said(["socat", "-V"], r"socat version (\S+)"),
    }
    return {name: _known(find) for name, find in known.items()}


def _known(find: Callable[[], str]) -> str:
    try:
        return find()
    except (OSError, LookupError, metadata.PackageNotFoundError):
        return "not there"


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found is not None else platform.machine()


def _said(command: list[str], pattern: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(pattern, ended.stdout + ended.stderr)
    if found is None:
        raise LookupError(command[0])
    return found[1]
