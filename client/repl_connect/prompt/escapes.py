"""What a program prints, made safe to show: it may have colour, and nothing else of the terminal.

A terminal obeys what is written to it. A program that one looks at from afar could move the cursor
into the line being typed, change the window's title, clear the screen, or ask the terminal to type
for it. So of all control codes only the newline, the tab, and SGR (colour, bold and the like) get
through. A carriage return by itself, as progress bars use it, becomes a newline.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Sanitiser", "visible"]

_SEQUENCE: Final = re.compile(
    r"""
      (?P<sgr>(?:\x1b\[|\x9b)[0-9;:]{0,64}m)
    | (?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]          # other CSI
    | (?P<string>\x1b[PX\]^_]|[\x90\x98\x9d\x9e\x9f]) # DCS, SOS, OSC, PM, APC: to their end
    | (?P<part>(?:\x1b\[|\x9b)[\x20-\x3f]*\Z | \x1b[\x20-\x2f]*\Z | \r\Z)
    | \x1b[\x20-\x2f]*[\x30-\x7e]                     # other escapes, two bytes and more
    | (?P<newline>\r\n?)
    | [\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]
    """,
    re.VERBOSE,
)
_STRING_END: Final = re.compile(r"\x07|\x1b\\|\x9c|\x18|\x1a|(?=\x1b[^\\])")
_LONGEST_PART: Final = 4096
_LONGEST_SGR: Final = 200
_SGR_RESET: Final = re.compile(r"\x1b\[(?:0*|0+;[0-9;:]*)m")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Sanitiser:
    """One stream's text, chunk by chunk. `colours` False drops SGR too (`NO_COLOR`).

    A sequence that a chunk's end cuts is held until the rest comes. `sgr` is what has to be written
    to have the stream's present colours again.
    """

    def __init__(self, *, colours: bool = True) -> None:
        self.sgr = ""
        self._colours = colours
        self._part = ""
        self._in_string = False

    def clean(self, text: str) -> str:
        """The part of the stream so far that can be shown and was not given before."""
        text, self._part = self._part + text, ""
        if self._in_string:
            text = self._after_string(text)
        pieces: list[str] = []
        position = 0
        while (match := _SEQUENCE.search(text, position)) is not None:
            pieces.append(text[position : match.start()])
            position = match.end()
            kind = match.lastgroup
            if kind == "sgr" and self._colours:
                pieces.append(self._remember("\x1b[" + match[0].lstrip("\x1b[\x9b")))
            elif kind == "newline":
                pieces.append("\n")
            elif kind == "part":
                if len(match[0]) <= _LONGEST_PART:
                    self._part = match[0]
                return "".join(pieces)
            elif kind == "string":
                text, position = self._after_string(text[position:]), 0
        pieces.append(text[position:])
        return "".join(pieces)

    def end(self) -> str:
        """End what is open: what has to be written so that the next text has its own colours."""
        held, self._part = self._part, ""
        self._in_string = False
        reset = "\x1b[0m" if self.sgr else ""
        self.sgr = ""
        return ("\n" if held == "\r" else "") + reset

    def _after_string(self, text: str) -> str:
        """What follows a control string; the string itself may go on in the next chunk."""
        end = _STRING_END.search(text)
        self._in_string = end is None
        if end is None:
            if text.endswith("\x1b"):
                self._part = "\x1b"
            return ""
        return text[end.end() :]

    def _remember(self, sequence: str) -> str:
        if _SGR_RESET.fullmatch(sequence):
            self.sgr = "" if sequence in ("\x1b[m", "\x1b[0m") else sequence
        else:
            self.sgr += sequence
        if len(self.sgr) > _LONGEST_SGR:
            self.sgr = sequence
        return sequence


def visible(text: str) -> str:
    """Text whose control characters are shown as `^[` and the like, newline and tab aside."""
    return _CONTROL.sub(_caret, text)


def _caret(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"^{chr(code ^ 64)}" if code < 128 else f"\\x{code:02x}"
