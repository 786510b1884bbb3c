"""What a partner and a tag may be called: what can be typed as `@NAME` and `@TAG/*`."""

from __future__ import annotations

from typing import Final

__all__ = ["name_problem"]

_MARKS: Final = "/*:@"  # they mean something in `@TAG/*`, and in what begins with a partner's name
_LONGEST: Final = 100


def name_problem(name: str) -> str | None:
    """Why a text can't be the name of a partner or a tag; None if it can."""
    if not name:
        return "is empty"
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    for char in name:
        if char.isspace() or not char.isprintable():
            return "has a blank or a control character in it"
        if char in _MARKS:
            return f"has {char} in it"
    return None
