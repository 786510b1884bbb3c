"""What is typed before the prompt is there, kept as it was typed.

A terminal in its usual mode echoes what is typed, and turns Enter into a newline and Ctrl-D into
the end of input, before anybody reads it. So the mode is changed first thing, not with the prompt.
"""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Iterator

__all__ = ["kept_typeahead"]


@contextlib.contextmanager
def kept_typeahead(descriptor: int) -> Iterator[None]:
    """Hand typed characters on unchanged and without an echo; Ctrl-C still is a signal."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    mode = termios.tcgetattr(descriptor)
    mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    mode[6][termios.VMIN] = 1
    mode[6][termios.VTIME] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
