"""What Swank answers to questions, in nREPL's shapes."""

from __future__ import annotations

from typing import Final

from repl_connect.adapters.swank.lisp_data import Datum

__all__ = ["about_of", "candidates_of", "info_of"]

_KINDS: Final = {"p": "namespace", "m": "macro", "s": "special-form", "f": "function",
                 "g": "function", "c": "class", "t": "type", "b": "var"}  # fmt: skip


def candidates_of(found: Datum) -> list[dict[str, str]]:
    """Completions: each was a name, and its classification as `-f---m--`."""
    candidates = []
    for each in found if isinstance(found, list) else ():
        match each:
            case [str(name), kinds]:
                flags = kinds if isinstance(kinds, str) else ""
                kind = next((_KINDS[flag] for flag in _KINDS if flag in flags), None)
                candidates.append({"candidate": name, **({"type": kind} if kind else {})})
    return candidates


def info_of(found: Datum) -> dict[str, str | int]:
    """What is known of a name: it was a list of keys and values."""
    known = _properties(found).items()
    return {key: value for key, value in known if isinstance(value, str | int)}


def about_of(info: list[Datum]) -> dict[str, str]:
    """What `swank:connection-info` tells, as texts."""
    told = _properties(info)
    lisp = _properties(told.get(":lisp-implementation", []))
    package = _properties(told.get(":package", []))
    name, ns = str(lisp.get(":name", "")), str(package.get(":name", ""))
    return {
        "language": name if name == "sbcl" else "common-lisp",
        "name": str(lisp.get(":type", "Lisp")),
        "version": str(lisp.get(":version", "")),
        "swank": str(told.get(":version", "")),
        "style": str(told.get(":style", "")),
        "ns": "CL-USER" if ns == "COMMON-LISP-USER" else ns,
    }


def _properties(datum: Datum) -> dict[str, Datum]:
    """A list of keys and values, as a map."""
    items = datum if isinstance(datum, list) else []
    return {str(key): value for key, value in zip(items[::2], items[1::2], strict=False)}
