"""The keys of a live dict, written so that they finish what has been typed of one."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from typing import Any

from repl_server.inspection.names import entries, is_a, own

__all__ = ["finished_keys"]

_LONGEST = 200
_STRING = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>[\"'])(?P<text>.*)\Z", re.DOTALL)


def finished_keys(holder: Any, begun: str) -> Iterator[tuple[str, Any]]:
    """What `begun` can become in `holder[begun`, with the closing bracket; and the value there.

    Only keys are given whose text is Python's own: strings, bytes, numbers, booleans, None, and
    short tuples of these; none that is longer than 200 characters.
    """
    if is_a(holder, dict):
        known = entries(holder)
    elif type(holder) is type(os.environ):
        known = [(os.fsdecode(key), value) for key, value in entries(own(holder).get("_data", {}))]
    else:
        return
    string = _STRING.match(begun)
    for key, value in known:
        text = _quoted(key, string) if string else _written(key)
        if text is not None and len(text) <= _LONGEST and text.startswith(begun):
            yield text + "]", value


def _written(key: Any, *, in_tuple: bool = False) -> str | None:
    kind = type(key)
    if kind in (str, bytes):
        return repr(key) if len(key) <= _LONGEST else None
    if kind in (bool, type(None)) or (kind is int and abs(key) < 10**_LONGEST):
        return repr(key)
    if kind is float:
        return repr(key) if math.isfinite(key) else None
    if kind is tuple and not in_tuple and len(key) <= 8:
        parts = [_written(part, in_tuple=True) for part in key]
        if None in parts:
            return None
        return repr(key)
    return None


def _quoted(key: Any, string: re.Match[str]) -> str | None:
    """The key with the prefix, the quotes and the text that are typed already."""
    prefix, quote, typed = string["prefix"].lower(), string["quote"], string["text"]
    if type(key) is not (bytes if "b" in prefix else str) or len(key) > _LONGEST:
        return None
    if "r" in prefix:
        plain = repr(key).removeprefix("b")[1:-1]
        text = f"{string['prefix']}{quote}{plain}{quote}"
        return text if "\\" not in plain and quote not in plain else None
    begun = _meant(string[0] + quote)
    if begun is None or not key.startswith(begun):
        return None
    return f"{string['prefix']}{quote}{typed}{_escaped(key[len(begun) :], quote)}{quote}"


def _meant(literal: str) -> Any:
    """The value of a string literal; None if it ends within an escape."""
    import ast

    try:
        return ast.literal_eval(literal)
    except (SyntaxError, ValueError):
        return None


def _escaped(text: str | bytes, quote: str) -> str:
    """The text as it stands between such quotes."""
    # With a double quote in it, `repr` puts it in single ones.
    inner = repr('"' + text)[2:-1] if isinstance(text, str) else repr(b'"' + text)[3:-1]
    return inner if quote == "'" else inner.replace("\\'", "'").replace('"', '\\"')
