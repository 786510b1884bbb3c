r"""What a prompt looks like, learned from one of them.

    "scheme@(guile-user)> "    also  "scheme@(ice-9 format) [1]> "
    "db=# "                    also  "other=# "; after it, "db-# " asks for the rest of an input
    "In [12]: "                also  "In [13]: "

Words and numbers may change, and a level in brackets may come or go; the rest stays. The prompt
that was seen last is known wherever it stands; one that has changed only at the start of a line.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Ending", "PromptShape", "prompt_in"]

_LONGEST: Final = 200
_PROMPT: Final = re.compile(r"(?:[^\n]*[\])}])?[^\n]*[^\w\s.,;!\"'`(\[{][ \t]?\Z")
_TOKEN: Final = re.compile(r"(?P<level> ?\[\d+\])|(?P<word>[\w./~-]*[\w/~][\w./~-]*)|(?P<other>.)")
_WORD: Final = r"[\w/~-]+(?:\.[\w/~-]+)*"
_WORDS: Final = r"[^\s()\[\]{}]+(?: [^\s()\[\]{}]+)*"  # between brackets
_LEVEL: Final = r" ?\[\d+\]"
_PART_OF_LEVEL: Final = r" ?(?:\[\d*\]?)?"
_BLANK: Final = r"[ \t]?"
_ASK: Final = (  # for the rest of an input, in one REPL or another; a blank may follow
    r"\s*(?:\.\.\.+[>:]?|-+>|>>?|\+|\||\w+[-'\"(*$^!][#>]|[\w()]+:\d+:\d+\*)"
)
_ASKS: Final = re.compile(f"(?:{_ASK} )*{_ASK} ?")
_ASK_BEFORE: Final = re.compile(f"{_ASK} ")
_ASKS_BEFORE: Final = re.compile(f"(?:{_ASK} )+")


class Ending(NamedTuple):
    """How a text ends: where its prompt starts, and how often that asks for the rest of an input.

    0 times: it is the prompt at which a new input is taken.
    """

    start: int
    asks: int


def prompt_in(text: str) -> str | None:
    """The prompt that a text ends with, by the looks of it; None if it does not."""
    line = text[text.rfind("\n") + 1 :]
    return line if len(line) <= _LONGEST and _PROMPT.fullmatch(line) and line.strip() else None


class PromptShape:
    """A prompt, and what it may change into. `text` is the one that was seen last."""

    def __init__(self, text: str) -> None:
        self.text = text
        whole, parts = [], []
        marks = len(text.rstrip()) - 1  # the last mark is there after any level
        for match in _TOKEN.finditer(text):
            if match.start() == marks:
                whole.append(f"(?:{_LEVEL})?")
                parts.append(_PART_OF_LEVEL)
            if match["level"]:
                continue
            if match["word"]:
                inside = text[match.start() - 1 : match.start()] in ("(", "[", "{")
                pattern = _WORDS if inside else _WORD
                parts.append(pattern + " ?" if inside else pattern)
            else:
                pattern = re.escape(match[0])
                parts.append(pattern)
            whole.append(pattern)
        if self.lacks_blank:
            whole.append(_BLANK)
            parts.append(_BLANK)
        self._whole = re.compile("".join(whole))
        self._parts = re.compile("".join(f"(?:{part}" for part in parts) + ")?" * len(parts))

    @property
    def lacks_blank(self) -> bool:
        """Whether it ends without a blank, which may have been on its way when it was seen."""
        return not self.text.endswith((" ", "\t"))

    def ending(self, text: str) -> Ending | None:
        """The prompt that a text ends with; None if it does not end with one."""
        start = text.rfind("\n") + 1
        line = text[start:]
        if text.endswith(self.text):
            if _ASKS_BEFORE.fullmatch(line.removesuffix(self.text)):
                return Ending(start, asks=0)
            if not self._asks(line):
                return Ending(len(text) - len(self.text), asks=0)
        if len(line) > _LONGEST or not line:
            return None
        if self._whole.fullmatch(line):
            self.text = line
            return Ending(start, asks=0)
        asks = self._asks(line)
        return Ending(start, asks) if asks else None

    def may_begin(self, text: str) -> int:
        """Where a prompt may have begun that is not all there yet; the length if nowhere."""
        start = text.rfind("\n") + 1
        line = text[start:]
        if line and len(line) <= _LONGEST and self._parts.fullmatch(line):
            return start
        for size in range(min(len(self.text) - 1, len(text)), 0, -1):
            if text.endswith(self.text[:size]):
                return len(text) - size
        return len(text)

    def without_asks(self, text: str, most: int) -> str:
        """The text without what asks for the rest at its start, so many times at most."""
        for _ in range(most):
            match = _ASK_BEFORE.match(text)
            if match is None:
                break
            text = text[match.end() :]
        return text

    def _asks(self, line: str) -> int:
        """How often a line asks for the rest, if it does nothing else."""
        if len(line) > _LONGEST or line == self.text or _ASKS.fullmatch(line) is None:
            return 0
        return len(line.split())
