"""How things look: one style class for each kind of thing; the theme says how it looks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from repl_connect.prompt.look.themes import NATIVE, THEMES, rules
from repl_connect.terminal_theme import theme_of_terminal

__all__ = ["STYLE_CLASSES", "color_depth", "style_for"]

STYLE_CLASSES: Final = frozenset(name for name, _ in rules(NATIVE))
"""What can be given a look of its own in the settings (`[colors]`)."""


def style_for(theme: str, overrides: Mapping[str, str] | None = None) -> Style:
    """The style of a theme: `light`, `dark`, `native`, or `auto` for the terminal's.

    `overrides` are style strings by class; one that is none is left out.
    """
    name = theme_of_terminal() if theme == "auto" else theme
    base = rules(THEMES.get(name, NATIVE))
    own = [(name, text) for name, text in (overrides or {}).items() if _is_style(name, text)]
    return Style([*base, *own])


def color_depth() -> ColorDepth | None:
    """How many colours there are; None for what prompt_toolkit makes of TERM."""
    if os.environ.get("NO_COLOR"):
        return ColorDepth.MONOCHROME
    if os.environ.get("PROMPT_TOOLKIT_COLOR_DEPTH"):
        return None
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return ColorDepth.TRUE_COLOR
    return None


def _is_style(name: str, text: str) -> bool:
    try:
        Style([(name, text)])
    except (AssertionError, ValueError):
        return False
    return True
