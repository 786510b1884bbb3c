"""What is typed before the prompt is there, kept as it was typed.

A terminal in its usual mode echoes what is typed, and turns Enter into a newline and Ctrl-D into
the end of input, before anybody reads it. So the mode is changed first thing, not with the prompt.
"""

from __future__ import annotations

import contextlib
import termios
from typing import Any

from repl_connect.terminal_mode import changed_mode

__all__ = ["keep_ctrl_c", "kept_typeahead"]


def kept_typeahead(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """Hand typed characters on unchanged and without an echo; Ctrl-C still is a signal."""
    return changed_mode(descriptor, _keep)


def keep_ctrl_c(descriptor: int) -> None:
    """From now on Ctrl-C is a key like others. For within `kept_typeahead`, whose end undoes it."""
    mode = termios.tcgetattr(descriptor)
    mode[3] &= ~termios.ISIG
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)


def _keep(mode: list[Any]) -> None:
    mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    mode[6][termios.VMIN] = 1
    mode[6][termios.VTIME] = 0
