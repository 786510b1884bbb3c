"""What a dotted name means in the live program, found without running any of its code.

Attributes are looked up statically: no property, `__getattr__` or `__dir__` of the program runs.
What only running code could tell is not known here.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["UNKNOWN", "attributes", "is_a", "kind", "resolve", "static_attribute"]

UNKNOWN: Final = object()
"""What can't be known without running the program's code."""


def resolve(name: str, namespace: Mapping[str, Any]) -> Any:
    """The object a dotted name stands for, or `UNKNOWN`."""
    first, *rest = name.split(".")
    found = namespace.get(first, UNKNOWN)
    if found is UNKNOWN:
        found = vars(builtins).get(first, UNKNOWN)
    for attribute in rest:
        if found is UNKNOWN:
            break
        found = static_attribute(found, attribute)
    return found


def is_a(value: object, *kinds: type) -> bool:
    """`isinstance` that does not ask `value.__class__`, which may be a property."""
    return issubclass(type(value), kinds)


def static_attribute(holder: Any, name: str) -> Any:
    """`holder.name` as far as that runs no code of the program, or `UNKNOWN`."""
    import inspect

    try:
        found = inspect.getattr_static(holder, name)
    except Exception:
        return UNKNOWN
    if is_a(found, staticmethod, classmethod):
        return found.__func__
    if is_a(found, types.MemberDescriptorType) and not is_a(holder, type):
        try:
            return found.__get__(holder)
        except AttributeError:
            return UNKNOWN
    if is_a(found, types.GetSetDescriptorType) and name in _HARMLESS:
        try:
            return found.__get__(holder)
        except Exception:
            return UNKNOWN
    if is_a(found, types.FunctionType, types.MethodDescriptorType):
        return found
    if not is_a(holder, type) and hasattr(type(found), "__get__"):
        return UNKNOWN  # a property: only running it would tell
    return found


_HARMLESS = ("__dict__", "__name__", "__qualname__", "__module__", "__doc__", "__code__")


def attributes(holder: Any) -> dict[str, Any]:
    """Names of `holder`'s attributes and what is stored under them (descriptors as they are)."""
    found: dict[str, Any] = {}
    lines: list[type] = []
    if is_a(holder, type):
        lines = [*type.mro(type(holder)), *_mro(holder)[::-1]]
        if type(holder) is type:
            lines = _mro(holder)[::-1]
    else:
        lines = _mro(type(holder))[::-1]
    for line in lines:
        found.update(list(type.__dict__["__dict__"].__get__(line).items()))
    if not is_a(holder, type):
        own = _own(holder)
        found.update(list(own.items()))
    return found


def _mro(kind: type) -> list[type]:
    return list(type.__dict__["__mro__"].__get__(kind))


def _own(holder: Any) -> Mapping[str, Any]:
    """The object's own `__dict__`, which a class may hide behind a property: then none."""
    import inspect

    try:
        if is_a(holder, types.ModuleType):
            own: Any = object.__getattribute__(holder, "__dict__")
        else:
            slot = inspect.getattr_static(holder, "__dict__", None)
            if not is_a(slot, types.GetSetDescriptorType):
                return slot if type(slot) is dict else {}
            own = slot.__get__(holder)
    except Exception:
        return {}
    return own if is_a(own, dict) else {}


def kind(value: Any) -> str:
    """What sort of thing it is, in a word for people: `function`, `class`, `module`, …."""
    if is_a(value, type):
        return "class"
    if is_a(value, types.ModuleType):
        return "module"
    if is_a(value, types.MethodType, classmethod, types.MethodDescriptorType):
        return "method"
    if is_a(value, types.WrapperDescriptorType, types.MethodWrapperType):
        return "method"
    if is_a(value, types.FunctionType, types.BuiltinFunctionType, staticmethod):
        return "function"
    if is_a(value, property):
        return "property"
    return "variable"
