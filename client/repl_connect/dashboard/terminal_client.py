"""The terminal client on one target, in the place of the dashboard until it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.app import App

from repl_connect.targets import Target

__all__ = ["run_terminal_client"]


async def run_terminal_client(app: App[Any], target: Target) -> int:
    """Run `repl-connect TARGET` on the app's terminal; the exit status.

    The loop goes on meanwhile, so that connections stay and nothing is missed, and only the screen
    stands still. Raises `textual.app.SuspendNotSupported` in a browser, `OSError` if it can't be
    started.
    """
    words = [sys.executable, "-m", "repl_connect", target.name]
    if target.partner is None and target.dialect is not None:
        words += ["--dialect", target.dialect]
    with app.batch_update(), app.suspend(), _deaf_to_interrupts():
        process = await asyncio.create_subprocess_exec(*words)
        return await process.wait()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A Ctrl-C that the terminal sends is the client's; a handler, unlike SIG_IGN, ends at exec."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
