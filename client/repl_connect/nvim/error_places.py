"""Where in what was sent an error has happened, and the error in few words.

Frames tell it, where there are some: the innermost one in the file. Readers and compilers say it in
their text, each in its own way, and so do REPLs that tell no frames.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from repl_connect.session import Failed, Frame

__all__ = ["Sent", "line_of_error", "own_frames", "words_of_error"]

_KEPT: Final = 20_000  # characters of a text that are searched, or of a message
_LONGEST_LINE: Final = 1_000  # characters of one that may only say where

_NAMELESS: Final = (
    r"REPL\d*|repl|NO_SOURCE_(?:FILE|PATH)|unknown file|#<unknown port>|<[\w-]+>|\[eval\d*\]"
)
"""What different REPLs call code that has no file."""

_RELATIVE: Final = r"\n[ \t]*Line: (\d{1,9}), Column: \d+, File-Position: \d+\s*$"
_BEGINNING: Final = r"\b(?:begins (?:on|in)|starting at) line (\d{1,9})\b"
_PLACE_FIRST: Final = rf"^(?:/[^\s:]+|{_NAMELESS}):\d+(?::\d+)?: "
_PLACE_LAST: Final = r" \([^\s()]+, line \d+\)$"
_ONLY_PLACE: Final = r"^[\w ]*[Ee]rror\b.*(?:\(.*:\d+\)\.|:)$"


class Sent(NamedTuple):
    """What was sent: of which file (empty: of none), and its first and last line, from 1."""

    path: str
    first: int
    last: int

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self.first <= line <= self.last


def own_frames(frames: Sequence[Frame], sent: Sent) -> list[bool]:
    """Which of the frames, whose innermost is last, are in the file that was sent."""
    if sent.path:
        names = {sent.path, _real(sent.path)}
        last = os.path.basename(sent.path)

        def own(file: str | None) -> bool:
            if not file:
                return False
            return file == last or file in names or ("/" in file and _real(file) in names)

    else:
        nameless = re.compile(_NAMELESS)
        # Each evaluation has a name of its own there: that of the outermost frame is this one's.
        name = next((each.file for each in frames if nameless.fullmatch(each.file or "")), None)

        def own(file: str | None) -> bool:
            return name is not None and file == name

    known: dict[str | None, bool] = {}
    return [known.setdefault(each.file, own(each.file)) for each in frames]


def _real(path: str) -> str:
    """Without links; a text that is no path stays as it is."""
    try:
        return os.path.realpath(path)
    except ValueError:  # it has a NUL
        return path


def line_of_error(failed: Failed, err: str, sent: Sent) -> int | None:
    """The line in the file that was sent from; None if it is not told.

    `err` is what the evaluation has printed as errors, its end.
    """
    message = (failed.message or "")[-_KEPT:]
    if match := re.search(_RELATIVE, message):
        line = sent.first + int(match[1]) - 1
        if line in sent:
            return line
    for frame, own in reversed([*zip(failed.frames, own_frames(failed.frames, sent), strict=True)]):
        if own and frame.line is not None and (sent.path or frame.line in sent):
            return frame.line
    texts = (message, err[-_KEPT:])
    return _beginning(texts, sent) or _named(texts, sent) or _nameless(texts, sent)


def words_of_error(failed: Failed, err: str) -> tuple[str, str]:
    """The error's type and its message, without what only says where it is.

    What gives an error no message has printed it: then `err`, the last that came before it, is it.
    """
    message = (failed.message or err).strip()
    message = re.sub(_RELATIVE, "", message).rstrip()
    if len(message) > _KEPT:
        message = message[:_KEPT] + "…"  # all of it was printed
    first, _, rest = message.partition("\n")
    if rest.strip() and len(first) <= _LONGEST_LINE and re.match(_ONLY_PLACE, first):
        message = rest.strip()
    message = re.sub(_PLACE_LAST, "", re.sub(_PLACE_FIRST, "", message))
    return failed.type.removeprefix("class "), message


def _beginning(texts: Sequence[str], sent: Sent) -> int | None:
    """Where the form begins that has no end."""
    for text in texts:
        for match in re.finditer(_BEGINNING, text):
            if int(match[1]) in sent:
                return int(match[1])
    return None


def _named(texts: Sequence[str], sent: Sent) -> int | None:
    """What stands behind the file's name in the message, or last in what was printed."""
    if not sent.path:
        return None
    names = {sent.path, _real(sent.path), os.path.basename(sent.path)}
    choice = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w./-])(?:{choice})\"?(?::|, line )(\d{{1,9}})\b")
    message, printed = (pattern.findall(text) for text in texts)
    found = [*message[:1], *printed[-1:]]
    return int(found[0]) if found else None


def _nameless(texts: Sequence[str], sent: Sent) -> int | None:
    """What stands behind a name that the code was given, if it is a line of it."""
    pattern = re.compile(rf"(?<![\w./-])(?:{_NAMELESS})\"?(?::|, line )(\d{{1,9}})\b")
    for text in texts:
        lines = [int(line) for line in pattern.findall(text) if int(line) in sent]
        if lines:
            return lines[-1]
    return None
