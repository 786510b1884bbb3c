"""A value as JSON, also where JSON has no form for it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["json_text"]


def json_text(
    value: Any, *, indent: int | None = None, sort_keys: bool = False, ensure_ascii: bool = False
) -> str:
    """The value as JSON. What JSON has no form for is the text of its `repr`, also as a key.

    A value that holds itself, or is nested too deeply, is one text. `NaN` and the infinities stay
    as Python's `json` writes them. Raises what a `__repr__` raises.
    """
    failed: list[BaseException] = []

    def shown(other: Any) -> str:
        try:
            return repr(other)
        except BaseException as error:
            failed.append(error)
            raise

    def dumped(what: Any, *, only_ascii: bool) -> str:
        return json.dumps(
            what, default=shown, indent=indent, sort_keys=sort_keys, ensure_ascii=only_ascii
        )

    what = value
    try:
        text = dumped(what, only_ascii=ensure_ascii)
    except (TypeError, ValueError, RecursionError):
        if failed:
            raise
        try:
            what = _with_text_keys(value, set(), shown)
            text = dumped(what, only_ascii=ensure_ascii)
        except (ValueError, RecursionError):
            if failed:
                raise
            what = repr(value)
            text = dumped(what, only_ascii=ensure_ascii)
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:  # half characters are text only in their escaped form
        text = dumped(what, only_ascii=True)
    return text


def _with_text_keys(value: Any, inside: set[int], shown: Any) -> Any:
    """A copy whose dicts have texts as keys; a value that holds itself is a `ValueError`."""
    if not isinstance(value, dict | list | tuple):
        return value
    if id(value) in inside:
        raise ValueError("it holds itself")
    inside.add(id(value))
    copy: Any
    if isinstance(value, dict):
        copy = {
            _key(key, shown): _with_text_keys(item, inside, shown)
            for key, item in dict.items(value)
        }
    else:
        copy = [_with_text_keys(item, inside, shown) for item in value]
    inside.discard(id(value))
    return copy


def _key(key: Any, shown: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    text: str = shown(key)
    return text
