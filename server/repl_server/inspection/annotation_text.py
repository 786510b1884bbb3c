"""An annotation as text, without asking it: its `repr` may be the program's own."""

from __future__ import annotations

import types
from typing import Any

from repl_server.inspection.names import class_text, is_a, own, static_attribute

__all__ = ["annotation_text"]

_DEEPEST = 8
_MOST = 20
_LONGEST = 200


def annotation_text(annotation: Any) -> str | None:
    """What the source may have said, like `app.Ship | None`; None where it can't be told."""
    return _text(annotation, 0)


def _text(annotation: Any, depth: int) -> str | None:
    if depth > _DEEPEST:
        return None
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is ...:
        return "..."
    if type(annotation) is str:
        return _short(annotation)
    if type(annotation) in (int, bool, bytes):
        return (
            repr(annotation) if type(annotation) is not int or abs(annotation) < 1 << 64 else None
        )
    if type(annotation) is types.GenericAlias:
        members = types.GenericAlias.__dict__
        origin = _text(members["__origin__"].__get__(annotation), depth + 1)
        return _with(origin, members["__args__"].__get__(annotation), depth)
    if is_a(annotation, type):
        module = class_text(annotation, "__module__")
        name = class_text(annotation, "__qualname__")
        return name if module in ("builtins", "typing", "") else f"{module}.{name}"
    if type(annotation) is types.UnionType:
        parts = [
            _text(one, depth + 1)
            for one in types.UnionType.__dict__["__args__"].__get__(annotation)[:_MOST]
        ]
        return None if None in parts else " | ".join(map(str, parts))
    if class_text(type(annotation), "__module__") == "typing":
        return _of_typing(annotation, depth)
    return None


def _of_typing(annotation: Any, depth: int) -> str | None:
    """One of `typing`'s objects, which keep what they are in plain attributes."""
    kind = class_text(type(annotation), "__name__")
    if kind in ("TypeVar", "ParamSpec", "TypeVarTuple"):
        return _short(annotation.__name__)
    if kind == "ForwardRef":
        return _short(annotation.__forward_arg__)
    if kind.endswith("SpecialForm"):
        return _short(static_attribute(annotation, "_name"))
    stored = own(annotation)
    name: str | None = None
    if type(stored.get("_name")) is str:
        name = stored["_name"]
    arguments = stored.get("__args__")
    if kind == "_AnnotatedAlias":
        return _text(stored.get("__origin__"), depth + 1)
    if name is None and "__origin__" in stored:
        name = _text(stored.get("__origin__"), depth + 1)
    if type(arguments) is not tuple:
        return name
    if name == "Optional" and len(arguments) == 2:
        arguments = arguments[:1] if arguments[1] is type(None) else arguments[1:]
    if name == "Literal":
        if any(type(one) not in (str, int, bool, bytes, type(None)) for one in arguments):
            return None
        return f"Literal[{', '.join(map(repr, arguments[:_MOST]))}]"
    if name == "Callable" and len(arguments) > 1 and arguments[0] is not ...:
        taken = [_text(one, depth + 1) for one in arguments[:-1][:_MOST]]
        result = _text(arguments[-1], depth + 1)
        if None in taken or result is None:
            return None
        return f"Callable[[{', '.join(map(str, taken))}], {result}]"
    return _with(name, arguments, depth)


def _short(name: Any) -> str | None:
    return name[:_LONGEST] if type(name) is str else None


def _with(origin: str | None, arguments: Any, depth: int) -> str | None:
    if origin is None or type(arguments) is not tuple:
        return None
    parts = [_text(one, depth + 1) for one in arguments[:_MOST]]
    if None in parts:
        return None
    return f"{origin}[{', '.join(map(str, parts))}]"
