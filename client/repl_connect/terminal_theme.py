"""Whether the terminal is light or dark, as far as it says so."""

from __future__ import annotations

import os

__all__ = ["theme_of_terminal"]


def theme_of_terminal() -> str:
    """`light` or `dark` if the terminal says so in COLORFGBG, else `native`."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    if not background.isdecimal():
        return "native"
    return "dark" if int(background) in (0, 1, 2, 3, 4, 5, 6, 8) else "light"
