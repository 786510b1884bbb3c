"""What a definition made, seen through what its decorators made of it."""

from __future__ import annotations

from functools import _lru_cache_wrapper, partial
from types import CellType, FunctionType, MethodType
from typing import Any

__all__ = ["METHODS", "alike", "content", "is_class", "is_ours", "layers", "parts_of"]

METHODS = (property, staticmethod, classmethod)

_PARTS: dict[type, tuple[str, ...]] = {
    property: ("fget", "fset", "fdel"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    MethodType: ("__func__",),
    partial: ("func",),
    _lru_cache_wrapper: ("__wrapped__",),
}
_LAYERS = 50


def is_class(thing: Any) -> bool:
    """Whether it is a class, and not only says so."""
    return issubclass(type(thing), type)  # isinstance would ask the thing itself


def is_ours(old: Any, name: str, namespace: dict[str, Any]) -> bool:
    """Whether this was made by a definition of that name in that namespace."""
    if is_class(old):
        module = namespace.get("__name__", "builtins")
        return bool(old.__qualname__ == name and old.__module__ == module)
    return any(
        layer.__qualname__ == name and layer.__globals__ is namespace for layer in layers(old)
    )


def parts_of(thing: Any) -> dict[str, Any]:
    """What is wrapped in something that a decorator made."""
    names = _PARTS.get(type(thing))
    if names is not None:
        return {name: getattr(thing, name, None) for name in names}
    if is_class(thing) or not type(thing).__dictoffset__:
        return {}
    attributes = object.__getattribute__(thing, "__dict__")
    if type(thing) is FunctionType:
        return {"__wrapped__": attributes["__wrapped__"]} if "__wrapped__" in attributes else {}
    return {
        name: part
        for name, part in list(attributes.items())[:_LAYERS]
        if type(part) is FunctionType or type(part) in _PARTS
    }


def content(cell: CellType) -> Any:
    """The object in a closure's cell, None if there is none yet."""
    try:
        return cell.cell_contents
    except ValueError:  # nothing was assigned yet
        return None


def layers(thing: Any) -> list[FunctionType]:
    """The functions that a definition made: its own, and those of its decorators."""
    found: list[FunctionType] = []
    queue = [thing]
    for each in queue:  # it grows
        queue += parts_of(each).values()
        if type(each) is FunctionType and all(each is not other for other in found):
            found.append(each)
            contents = [content(cell) for cell in each.__closure__ or ()]
            queue += [part for part in contents if type(part) in (FunctionType, *_PARTS)]
        if len(queue) > _LAYERS:
            break
    return found


def alike(old: Any, new: Any) -> bool:
    """Whether two parts of a decorated function stand for each other."""
    if type(old) is not type(new) or type(new) not in (FunctionType, *_PARTS):
        return False
    before, after = layers(old), layers(new)
    return bool(
        before
        and after
        and before[0].__qualname__ == after[0].__qualname__
        and before[0].__module__ == after[0].__module__
    )
