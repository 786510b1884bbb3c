"""Connecting to a program that is still starting: tried again until it is up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TypeVar

from repl_connect.errors import NotListening

__all__ = ["connect_when_up"]

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5
_PATIENCE: Final = 0.5  # seconds before it says that it waits

_Made = TypeVar("_Made")


def connect_when_up(connect: Callable[[], _Made], seconds: float, name: str) -> _Made:
    """Call `connect` until somebody listens, for so many seconds.

    After half a second it says so on standard error, with the address's `name`. Only
    `NotListening` is waited out: raises it when the time is up, and everything else at once.
    """
    begun = time.monotonic()
    pause = _FIRST_PAUSE
    said = False
    while True:
        try:
            return connect()
        except NotListening as error:
            now = time.monotonic()
            if now >= begun + seconds:
                raise NotListening(f"{error} Waited {seconds:g} seconds for it.") from None
        if not said and now >= begun + _PATIENCE:
            print(
                f"repl-connect: waiting for {name} ({seconds:g} s) …", file=sys.stderr, flush=True
            )
            said = True
        until = begun + seconds if said else min(begun + seconds, begun + _PATIENCE)
        time.sleep(max(0.0, min(pause, until - now)))
        pause = min(_LONGEST_PAUSE, pause * 1.5)
