r"""What a program prints, made safe to show: it may have colour, and nothing else of the terminal.

A terminal obeys what is written to it. A program that one looks at from afar could move the cursor
into the line being typed, change the window's title, clear the screen, or ask the terminal to type
for it. So of all control codes only the newline, the tab, and SGR (colour, bold and the like) get
through. A carriage return by itself, as progress bars use it, becomes a newline. A byte that is no
UTF-8 (a surrogate escape, PEP 383) is shown as `\xff`.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Sanitiser", "visible"]

_SEQUENCE: Final = r"""
      (?P<sgr>(?:\x1b\[|\x9b)[0-9;:]{0,64}m)
    | (?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]          # other CSI
    | (?P<string>\x1b[PX\]^_]|[\x90\x98\x9d\x9e\x9f]) # DCS, SOS, OSC, PM, APC: to their end
    | (?P<part>(?:\x1b\[|\x9b)[\x20-\x3f]*\Z | \x1b[\x20-\x2f]*\Z | \r\Z)
    | \x1b[\x20-\x2f]*[\x30-\x7e]                     # other escapes, two bytes and more
    | (?P<newline>\r\n?)
    | (?P<byte>[\udc80-\udcff])                       # which was no UTF-8
    | (?P<other>[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f])
"""
_STRING_END: Final = r"\x07|\x1b\\|\x9c|\x18|\x1a|(?=\x1b[^\\])"
_SGR: Final = re.compile(r"(\x1b\[[0-9;:]{0,64}m)")
_CUT: Final = re.compile(r"(?:\x1b\[[\x20-\x3f]*|\x1b[\x20-\x2f]*|\r)\Z")
_LONGEST_CUT: Final = 80
_LONGEST_PART: Final = 4096
_LONGEST_SGR: Final = 200
_SGR_RESET: Final = r"\x1b\[(?:0*|0+;[0-9;:]*)m"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\udc80-\udcff]")
_CONTROL_BYTES: Final = b"\x1b" + bytes({*range(32), 127} - {9, 10, 27})
_CONTROLS: Final = _CONTROL_BYTES.decode()
_C1: Final = re.compile(rb"\xc2[\x80-\x9f]")
_LONG: Final = 4096  # characters


class Sanitiser:
    """One stream's text, chunk by chunk. `colours` False drops SGR too (`NO_COLOR`).

    `shows_controls`: control codes by themselves are shown, as `^@`, and not dropped.

    A sequence that a chunk's end cuts is held until the rest comes. `sgr` is what has to be written
    to have the stream's present colours again.
    """

    def __init__(self, *, colours: bool = True, shows_controls: bool = False) -> None:
        self.sgr = ""
        self._shows_controls = shows_controls
        self._colours = colours
        self._part = ""
        self._in_string = False

    def clean(self, text: str) -> str:
        """The part of the stream so far that can be shown and was not given before."""
        if self._part:
            text, self._part = self._part + text, ""
        if self._in_string:
            end = self._end_of_string(text, 0)
            text = text[end:] if end is not None else ""
        if _is_plain(text):
            return text
        coloured = self._coloured(text)
        if coloured is not None:
            return coloured
        pieces: list[str] = []
        position = 0
        sequence = re.compile(_SEQUENCE, re.VERBOSE)  # now, and not at the start; `re` keeps it
        # Each alternative starts with a control character; to look for those alone is far faster.
        while (control := _CONTROL.search(text, position)) is not None:
            match = sequence.match(text, control.start())
            assert match is not None
            pieces.append(text[position : match.start()])
            position = match.end()
            kind = match.lastgroup
            if kind == "sgr" and self._colours:
                pieces.append(self._remember("\x1b[" + match[0].lstrip("\x1b[\x9b")))
            elif kind == "newline":
                pieces.append("\n")
            elif kind == "byte" or (kind == "other" and self._shows_controls):
                pieces.append(_caret(match))
            elif kind == "part":
                if len(match[0]) <= _LONGEST_PART:
                    self._part = match[0]
                return "".join(pieces)
            elif kind == "string":
                end = self._end_of_string(text, position)
                position = end if end is not None else len(text)
        pieces.append(text[position:])
        return "".join(pieces)

    def end(self) -> str:
        """End what is open: what has to be written so that the next text has its own colours."""
        held, self._part = self._part, ""
        self._in_string = False
        reset = "\x1b[0m" if self.sgr else ""
        self.sgr = ""
        return ("\n" if held == "\r" else "") + reset

    def _coloured(self, text: str) -> str | None:
        """`clean` for text with colours and line ends and nothing else, which is the most there is.

        None if there is more in it. It is cut at its colours in one go, and given back as it is.
        """
        cut = _CUT.search(text, max(0, len(text) - _LONGEST_CUT))
        whole = text if cut is None else text[: cut.start()]
        if "\r" in whole:
            whole = whole.replace("\r\n", "\n").replace("\r", "\n")
        parts = _SGR.split(whole)
        without = "".join(parts[::2])
        if not _is_plain(without):
            return None
        self._part = cut[0] if cut is not None else ""
        if not self._colours:
            return without
        sequences = parts[1::2]
        resets = (at for at in reversed(range(len(sequences))) if _is_reset(sequences[at]))
        for sequence in sequences[next(resets, 0) :]:
            self._remember(sequence)
        return whole

    def _end_of_string(self, text: str, start: int) -> int | None:
        """Where a control string ends; None if it goes on in the next chunk."""
        end = re.compile(_STRING_END).search(text, start)
        self._in_string = end is None
        if end is not None:
            return end.end()
        if text.endswith("\x1b"):
            self._part = "\x1b"
        return None

    def _remember(self, sequence: str) -> str:
        if _is_reset(sequence):
            self.sgr = "" if sequence in ("\x1b[m", "\x1b[0m") else sequence
        else:
            self.sgr += sequence
        if len(self.sgr) > _LONGEST_SGR:
            self.sgr = sequence
        return sequence


def _is_reset(sequence: str) -> bool:
    return sequence == "\x1b[0m" or re.fullmatch(_SGR_RESET, sequence) is not None


def _is_plain(text: str) -> bool:
    """Whether there is no control character but newline and tab, nor a byte that is no UTF-8."""
    if text.isascii() and len(text) > _LONG:  # found in long text at the speed of memory
        return not any(control in text for control in _CONTROLS)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    # A table of bytes is ten times as fast as a regular expression of many characters.
    if len(data.translate(None, _CONTROL_BYTES)) != len(data):
        return False
    return len(data) == len(text) or _C1.search(data) is None


def visible(text: str) -> str:
    r"""Text whose control characters are shown as `^[` and the like, newline and tab aside.

    So are bytes that are no UTF-8, as `\xff`.
    """
    return _CONTROL.sub(_caret, text)


def _caret(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"^{chr(code ^ 64)}" if code < 128 else f"\\x{code & 255:02x}"
