"""A name with attributes and literal subscripts, `a.b["c"][0]`, as text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["CHAIN", "NAME", "Step", "steps"]

NAME: Final = r"[^\W\d]\w*"
"""A pattern for one name."""

_STRING = r"""(?:[rR]?[bB]?|[bB][rR]|[uU])(?:"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
_LITERAL = rf"(?:{_STRING}|-?\d+)"
_MORE = rf"\s?\.\s?{NAME}|\[\s?{_LITERAL}\s?\]"

CHAIN: Final = rf"{NAME}(?:{_MORE})*"
"""A pattern for a whole chain; it has no groups."""

_CHAIN = re.compile(CHAIN)
_STEP = re.compile(rf"\s?\.\s?(?P<attribute>{NAME})|\[\s?(?P<key>{_LITERAL})\s?\]")
_FIRST = re.compile(NAME)
_LONGEST = 1_000


class Step(NamedTuple):
    """One step from an object to the next: its attribute of that name, or its item of that key."""

    key: str | bytes | int
    is_attribute: bool


def steps(text: str) -> list[Step] | None:
    """The steps of a chain, the first one its name; None if the text is something else."""
    if len(text) > _LONGEST or _CHAIN.fullmatch(text) is None:
        return None
    first = _FIRST.match(text)
    assert first is not None
    found = [Step(first[0], is_attribute=True)]
    for match in _STEP.finditer(text, first.end()):
        if match["attribute"]:
            found.append(Step(match["attribute"], is_attribute=True))
            continue
        key = _value(match["key"])
        if key is None:
            return None
        found.append(Step(key, is_attribute=False))
    return found


def _value(literal: str) -> str | bytes | int | None:
    import ast

    try:
        value: str | bytes | int = ast.literal_eval(literal)
    except (SyntaxError, ValueError):
        return None
    return value
