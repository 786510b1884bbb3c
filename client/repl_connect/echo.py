"""Reading a line from the terminal without showing it."""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Iterator

__all__ = ["no_echo"]


@contextlib.contextmanager
def no_echo(descriptor: int) -> Iterator[None]:
    """Within the block what is typed is not shown; nothing changes where that is no terminal."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    mode = termios.tcgetattr(descriptor)
    mode[3] = mode[3] & ~termios.ECHO | termios.ECHONL
    termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
