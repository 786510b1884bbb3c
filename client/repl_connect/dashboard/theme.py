"""Which of textual's themes is meant."""

from __future__ import annotations

from collections.abc import Collection

from repl_connect.terminal_theme import theme_of_terminal

__all__ = ["theme_named"]


def theme_named(wanted: str, themes: Collection[str]) -> tuple[str, str | None]:
    """The theme to use, and a sentence if there is none of that name.

    `auto` is light where the terminal says in COLORFGBG that it is, else dark; `dark` and `light`
    are textual's own.
    """
    if wanted == "auto":
        wanted = "light" if theme_of_terminal() == "light" else "dark"
    if wanted in ("dark", "light"):
        wanted = f"textual-{wanted}"
    if wanted in themes:
        return wanted, None
    from difflib import get_close_matches

    near = get_close_matches(wanted, themes, n=1)
    meant = f"; did you mean {near[0]}?" if near else f". There are: {', '.join(sorted(themes))}."
    return "textual-dark", f"There is no theme {wanted!r}{meant}"
