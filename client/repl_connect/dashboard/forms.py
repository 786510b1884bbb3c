"""What is typed for targets of several languages: `CODE --for LANGUAGE=CODE`, as `map` has it."""

from __future__ import annotations

import re
from typing import Final

from repl_connect.mapping.code import Code, language_and_code

__all__ = ["code_of"]

_FOR: Final = re.compile(r"(?:^|\s)--for\s+(?=[\w-]+=)")


def code_of(text: str) -> Code:
    """The code in a text. What is before the first `--for` is for all other languages.

    Raises `UsageError` for a language that there is not.
    """
    first, *others = _FOR.split(text)
    if not others:
        return Code(text)
    by_language = dict(language_and_code(each) for each in others)
    return Code(first.strip(), {name: code.strip() for name, code in by_language.items()})
