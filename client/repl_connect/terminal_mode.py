"""The mode of a terminal, changed for a while."""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["changed_mode", "no_echo"]


@contextlib.contextmanager
def changed_mode(
    descriptor: int, change: Callable[[list[Any]], None], *, when: int = termios.TCSANOW
) -> Iterator[None]:
    """Within the block the terminal is in another mode; nothing changes where there is none.

    `change` gets the mode as `termios.tcgetattr` gives it, to be changed in place. `when` it takes
    effect: as for `termios.tcsetattr`.
    """
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    mode = termios.tcgetattr(descriptor)
    change(mode)
    termios.tcsetattr(descriptor, when, mode)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, when, before)


def no_echo(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """Within the block what is typed is not shown, but for the end of the line."""
    return changed_mode(descriptor, _hide, when=termios.TCSADRAIN)


def _hide(mode: list[Any]) -> None:
    mode[3] = mode[3] & ~termios.ECHO | termios.ECHONL
