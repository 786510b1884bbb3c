"""The greeting and the prompt, before prompt_toolkit is there to draw them.

Of the time from the command to a prompt, importing prompt_toolkit is the longest part, and nothing
of what is shown first depends on it. So that is on the terminal as soon as there is a connection,
at the very place and in the look that it is drawn in when prompt_toolkit is there. What is typed in
between is kept (`typeahead`), keys such as Ctrl-C too, and is shown then.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Final

from repl_connect.conversation.greeting import greeting_of
from repl_connect.escapes import visible
from repl_connect.languages import language_of
from repl_connect.link import Link
from repl_connect.prompt.look.themes import NATIVE, THEMES, rules
from repl_connect.prompt.typeahead import keep_ctrl_c
from repl_connect.settings import Settings
from repl_connect.terminal_theme import theme_of_terminal

__all__ = ["FirstSight", "first_sight"]

_COLOURS: Final = ("red", "green", "yellow", "blue", "magenta", "cyan")
_CODES: Final[Mapping[str, str]] = {
    "bold": "1",
    "italic": "3",
    "underline": "4",
    "reverse": "7",
    "ansiblack": "30",
    "ansigray": "37",
    "ansibrightblack": "90",
    "ansiwhite": "97",
    **{f"ansi{name}": str(number) for number, name in enumerate(_COLOURS, 31)},
    **{f"ansibright{name}": str(number) for number, name in enumerate(_COLOURS, 91)},
}
"""What the words of a style are as parameters of SGR (ECMA-48, 8.3.117)."""


_PASTES: Final = "\x1b[?2004"
"""With `h` the terminal marks what is pasted from now on, with `l` no more (bracketed paste)."""


class FirstSight:
    """What is written first: `text`, on a terminal whose cursor is at the beginning of a line.

    `over` goes back to where it begins, so that the same is drawn there.
    """

    def __init__(self, text: str, rows: int) -> None:
        self.text = text
        self.over = f"\r\x1b[{rows}A"
        self.interrupted = False
        """Whether there was a SIGINT since it is shown. The key Ctrl-C is typed like others."""

    def show(self) -> None:
        """Write it. In `kept_typeahead`; whoever draws handles signals from then on."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._interrupt)
        keep_ctrl_c(sys.stdin.fileno())
        self._write(f"{_PASTES}h{self.text}")

    def leave(self) -> None:
        """It will not be drawn: what is written next is below it."""
        self._write(f"{_PASTES}l\n")

    def _interrupt(self, *_: object) -> None:
        self.interrupted = True

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def first_sight(
    link: Link, settings: Settings, problems: Iterable[str], columns: int
) -> FirstSight | None:
    """What a prompt on this link begins with, on a terminal so wide.

    None if it has to wait, since it is not plain how many rows it takes: with other characters than
    ASCII, and with a mode before the prompt.
    """
    description = link.session.description
    prompt = visible(language_of(description).display_namespace(link.session.namespace))
    notes = [("problem", visible(each)) for each in problems]
    notes += [("note", each) for each in greeting_of(link)]
    whole = prompt + "".join(text for _, text in notes)
    if settings.prompt.keys == "vi" or not whole.isascii() or not prompt or "\n" in whole:
        return None
    if "\t" in whole or len(prompt) >= columns:
        return None
    looks = _looks(settings)
    lines = [f"{_styled(looks, kind, text)}\n" for kind, text in notes]
    rows = sum(max(1, -(-len(text) // columns)) for _, text in notes)
    return FirstSight("".join(lines) + _styled(looks, "prompt", prompt), rows)


def _looks(settings: Settings) -> dict[str, str]:
    """The style of each class."""
    theme = settings.prompt.theme
    name = theme_of_terminal() if theme == "auto" else theme
    return {**dict(rules(THEMES.get(name, NATIVE))), **settings.colors}


def _styled(looks: Mapping[str, str], kind: str, text: str) -> str:
    """With its look, as far as that is known here; the rest of it comes when it is drawn."""
    if os.environ.get("NO_COLOR"):
        return text
    codes = [code for word in looks[kind].split() if (code := _code(word))]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text


def _code(word: str) -> str:
    if word.startswith("#") and len(word) == 7:
        if os.environ.get("COLORTERM", "").lower() not in ("truecolor", "24bit"):
            return ""
        try:
            red, green, blue = bytes.fromhex(word[1:])
        except ValueError:
            return ""
        return f"38;2;{red};{green};{blue}"
    return _CODES.get(word.removeprefix("fg:"), "")
