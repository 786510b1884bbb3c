"""Times of the other side's as people say them."""

from __future__ import annotations

import time

from repl_connect.durations import duration

__all__ = ["ago"]


def ago(milliseconds: object, now: float | None = None) -> str:
    """How long ago a time was, in ms since the epoch; empty for none."""
    if not isinstance(milliseconds, int):
        return ""
    seconds = (time.time() if now is None else now) - milliseconds / 1000
    return "now" if seconds < 1 else f"{duration(round(seconds), tenths=False)} ago"
