"""The themes: which colour each kind of thing has, for the three sorts of terminals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["NATIVE", "THEMES", "Palette", "rules"]


class Palette(NamedTuple):
    """The colours of a theme, as prompt_toolkit writes them."""

    muted: str
    red: str
    green: str
    yellow: str
    blue: str
    cyan: str
    magenta: str
    menu: str
    menu_background: str
    chosen: str
    chosen_background: str
    button: str


NATIVE: Final = Palette(
    muted="ansibrightblack",
    red="ansired",
    green="ansigreen",
    yellow="ansiyellow",
    blue="ansiblue",
    cyan="ansicyan",
    magenta="ansimagenta",
    menu="ansiwhite",
    menu_background="ansiblack",
    chosen="ansiblack",
    chosen_background="ansicyan",
    button="ansibrightblack",
)

_DARK: Final = Palette(
    muted="#949eab",
    red="#ff8078",
    green="#7ee787",
    yellow="#e3b341",
    blue="#79c0ff",
    cyan="#56d4dd",
    magenta="#d2a8ff",
    menu="#e6edf3",
    menu_background="#2d333b",
    chosen="#0d1117",
    chosen_background="#79c0ff",
    button="#768390",
)

_LIGHT: Final = Palette(
    muted="#57606a",
    red="#b3202c",
    green="#116329",
    yellow="#7d4e00",
    blue="#0550ae",
    cyan="#0a5c68",
    magenta="#6639ba",
    menu="#1f2328",
    menu_background="#e4e8ec",
    chosen="#ffffff",
    chosen_background="#0550ae",
    button="#8c959f",
)

THEMES: Final[Mapping[str, Palette]] = {"native": NATIVE, "dark": _DARK, "light": _LIGHT}


def rules(p: Palette) -> list[tuple[str, str]]:
    """The style of each class, the general before the particular."""
    return [
        ("prompt", f"{p.green} bold"),
        ("continuation", p.muted),
        ("input-request", f"{p.yellow} bold"),
        ("out", ""),
        ("err", p.red),
        ("late", ""),
        ("value", ""),
        ("label", p.muted),
        ("note", p.muted),
        ("problem", p.red),
        ("heading", "bold"),
        ("spinner", p.yellow),
        ("timing", p.muted),
        ("traceback", ""),
        ("traceback.frame", p.muted),
        ("traceback.error", f"{p.red} bold"),
        ("traceback.folded", p.muted),
        ("auto-suggestion", p.muted),
        ("matching-bracket.cursor", "noinherit bold underline"),
        ("matching-bracket.other", "noinherit bold underline"),
        ("syntax-error", f"{p.red} underline"),
        ("rainbow.0", p.blue),
        ("rainbow.1", p.yellow),
        ("rainbow.2", p.magenta),
        ("rainbow.3", p.green),
        ("rainbow.4", p.cyan),
        ("rainbow.5", p.red),
        # Below what is typed.
        ("toolbar", p.muted),
        ("toolbar.address", "fg:default"),
        ("toolbar.key", "bold"),
        ("toolbar.status", p.yellow),
        ("toolbar.problem", p.red),
        ("signature", p.muted),
        ("signature.name", "fg:default"),
        ("signature.current", "fg:default bold underline"),
        ("documentation", ""),
        ("documentation.border", p.muted),
        # The menu of completions. The chosen line is reversed to be seen without colours too.
        ("completion-menu", f"bg:{p.menu_background} {p.menu}"),
        ("completion-menu.completion", ""),
        (
            "completion-menu.completion.current",
            f"fg:{p.chosen_background} bg:{p.chosen} reverse",
        ),
        ("completion-menu.meta.completion", f"bg:{p.menu_background} {p.menu}"),
        (
            "completion-menu.meta.completion.current",
            f"fg:{p.chosen_background} bg:{p.chosen} reverse",
        ),
        ("completion-menu fuzzymatch", "underline"),
        ("scrollbar.background", f"bg:{p.menu_background}"),
        ("scrollbar.button", f"bg:{p.button}"),
        # Code, by the kinds of tokens that Pygments knows.
        ("pygments", ""),
        ("pygments.comment", p.muted),
        ("pygments.keyword", f"{p.blue} nobold"),
        ("pygments.keyword.constant", f"{p.cyan} nobold"),
        ("pygments.keyword.type", f"{p.cyan} nobold"),
        ("pygments.name.builtin", p.blue),
        ("pygments.name.function", p.blue),
        ("pygments.name.class", f"{p.blue} nobold"),
        ("pygments.name.namespace", f"{p.blue} nobold"),
        ("pygments.name.exception", f"{p.blue} nobold"),
        ("pygments.name.decorator", p.magenta),
        ("pygments.name.variable", ""),
        ("pygments.literal.string", p.green),
        ("pygments.literal.string.symbol", p.cyan),
        ("pygments.literal.string.escape", f"{p.cyan} nobold"),
        ("pygments.literal.string.interpol", f"{p.cyan} nobold"),
        ("pygments.literal.number", p.cyan),
        ("pygments.operator", ""),
        ("pygments.operator.word", f"{p.blue} nobold"),
        ("pygments.punctuation", ""),
        ("pygments.generic.traceback", p.muted),
        ("pygments.generic.error", p.red),
        ("pygments.error", ""),
    ]
