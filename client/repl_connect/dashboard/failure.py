"""What is said of an error of the dashboard's own, whose traceback is kept for a report."""

from __future__ import annotations

import os
import traceback
from typing import Final

from repl_connect.errors import ReplConnectError
from repl_connect.escapes import visible
from repl_connect.state import state_path

__all__ = ["DashboardFailed", "failure_words"]

_LONGEST: Final = 200  # characters of what the error says


class DashboardFailed(ReplConnectError):
    """The dashboard has ended by an error of its own."""


def failure_words(error: BaseException) -> str:
    """Two lines: what has failed, and the file that now has the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    said = f"{type(error).__name__}: {visible(str(error))[:_LONGEST]}{place}"
    path = state_path("dashboard-failure.txt")
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", opener=_private) as file:
            file.writelines(traceback.format_exception(error))
        kept = f"For a report, its traceback is in {path}"
    except OSError as problem:
        kept = f"Its traceback could not be kept in {path}: {problem.strerror}."
    return f"The dashboard has failed: {said}. The programs run on.\n{kept}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
