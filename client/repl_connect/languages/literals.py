"""Any text as a string literal of a Lisp, so that it is data there whatever it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["lisp_literal"]

_CONTROL: Final = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_SURROGATE: Final = "[\ud800-\udfff]"


def lisp_literal(text: str, *, named: Mapping[str, str], numbered: str | None) -> str:
    """Between double quotes, with those and backslashes escaped.

    A byte that was no UTF-8 (a surrogate escape, PEP 383) is no character, and can't be written.

    `named` control characters are written so. `numbered` is the format of how the others are
    written by their codes; None if there is no such thing, "" if they stand for themselves.
    Raises `ValueError`, with why, for what can't be written.
    """
    if re.search(_SURROGATE, text) is not None:
        raise ValueError("it is no UTF-8, and that language has only characters in its strings")

    def control(match: re.Match[str]) -> str:
        if match[0] in named:
            return named[match[0]]
        if numbered is None:
            raise ValueError("it has a control character, for which the language has no escape")
        return numbered.format(ord(match[0])) if numbered else match[0]

    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{re.sub(_CONTROL, control, escaped)}"'
