"""What a name with attributes and literal subscripts means in the live program.

None of the program's code runs to find out. Attributes are looked up statically: no property,
`__getattr__` or `__dir__` runs. Dicts and lists are read past what subclasses make of them, and
keys are compared only with keys of their own built-in type, so no `__eq__` or `__hash__` runs
either. What only running code could tell is not known here.
"""

from __future__ import annotations

import builtins
import functools
import types
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from repl_server.inspection.chains import Step, steps

__all__ = [
    "C_CALLABLES",
    "MOST_ENTRIES",
    "UNKNOWN",
    "attributes",
    "class_lines",
    "class_text",
    "entries",
    "entry",
    "is_a",
    "is_bound",
    "item",
    "kind",
    "own",
    "resolve",
    "static_attribute",
]

UNKNOWN: Final = object()
"""What can't be known without running the program's code."""

MOST_ENTRIES: Final = 100_000
"""How many entries of a dict are looked at."""

C_CALLABLES: Final = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)
"""The types of functions and methods that are written in C."""

_CACHED = type(functools.lru_cache(lambda: None))
_METHOD_DESCRIPTORS = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
)
_HARMLESS = ("__dict__", "__name__", "__qualname__", "__module__", "__doc__", "__code__")


def resolve(name: str, namespace: Mapping[str, Any]) -> Any:
    """The object that a name like `a.b["c"]` stands for, or `UNKNOWN`."""
    way = steps(name)
    if way is None:
        return UNKNOWN
    first = str(way[0].key)
    found = entry(namespace, first)
    if found is UNKNOWN:
        found = vars(builtins).get(first, UNKNOWN)
    for step in way[1:]:
        if found is UNKNOWN:
            break
        found = _follow(found, step)
    return found


def _follow(holder: Any, step: Step) -> Any:
    if step.is_attribute:
        return static_attribute(holder, str(step.key))
    return item(holder, step.key)


def is_a(value: object, *kinds: type) -> bool:
    """`isinstance` that does not ask `value.__class__`, which may be a property."""
    return issubclass(type(value), kinds)


def entries(table: Any) -> list[tuple[Any, Any]]:
    """The first `MOST_ENTRIES` entries of a dict, also while other threads change it."""
    for _ in range(5):
        try:
            found = dict.items(table) if is_a(table, dict) else table.items()
            return list(islice(found, MOST_ENTRIES))
        except RuntimeError:  # it was changed meanwhile
            continue
    return []


def entry(table: Any, name: str) -> Any:
    """What a namespace has under a name, past what a subclass of dict makes of it, or `UNKNOWN`."""
    return dict.get(table, name, UNKNOWN) if is_a(table, dict) else table.get(name, UNKNOWN)


def item(holder: Any, key: str | bytes | int) -> Any:
    """`holder[key]` of a dict, a list or a tuple, or `UNKNOWN`."""
    if is_a(holder, dict):
        kind = type(key)
        for found, value in entries(holder):
            if type(found) is kind and found == key:
                return value
    elif is_a(holder, list, tuple) and type(key) is int:
        get = list.__getitem__ if is_a(holder, list) else tuple.__getitem__
        try:
            return get(holder, key)
        except IndexError:
            return UNKNOWN
    return UNKNOWN


def static_attribute(holder: Any, name: str) -> Any:
    """`holder.name` as far as that runs no code of the program, or `UNKNOWN`."""
    import inspect

    try:
        found = inspect.getattr_static(holder, name)
    except Exception:
        return UNKNOWN
    if is_a(found, staticmethod):
        return staticmethod.__dict__["__func__"].__get__(found)
    if is_a(found, classmethod):
        return classmethod.__dict__["__func__"].__get__(found)
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
    if is_a(found, types.FunctionType, *_METHOD_DESCRIPTORS):
        return found
    if not is_a(holder, type) and any(
        "__get__" in _table(line) for line in class_lines(type(found))
    ):
        return UNKNOWN  # a property: only running it would tell
    return found


def is_bound(holder: Any, name: str) -> bool:
    """Whether `holder.name` is a function that gets its first argument from `holder`."""
    import inspect

    try:
        found = inspect.getattr_static(holder, name)
    except Exception:
        return False
    if is_a(found, classmethod, types.ClassMethodDescriptorType):
        return True
    return (
        not is_a(holder, type, types.ModuleType)
        and is_a(found, types.FunctionType, *_METHOD_DESCRIPTORS)
        and name not in own(holder)
    )


def attributes(holder: Any) -> dict[str, Any]:
    """Names of `holder`'s attributes and what is stored under them (descriptors as they are)."""
    lines: list[type] = []
    if is_a(holder, type):
        lines = class_lines(holder)[::-1]
        if type(holder) is not type:
            lines = [*class_lines(type(holder))[::-1], *lines]
    else:
        lines = class_lines(type(holder))[::-1]
    found: dict[str, Any] = {}
    for line in lines:
        found.update(own(line))
    if not is_a(holder, type):
        found.update(own(holder))
    return found


def class_lines(kind: type) -> list[type]:
    """A class and those it inherits from, in the order of lookup."""
    return list(type.__dict__["__mro__"].__get__(kind))


def class_text(kind: type, name: str) -> str:
    """`__name__`, `__qualname__` or `__module__` of a class, whatever its metaclass says."""
    try:
        found = type.__dict__[name].__get__(kind)
    except AttributeError:
        return ""
    return found if type(found) is str else ""


def own(holder: Any) -> dict[str, Any]:
    """What is stored in the object itself; nothing if its class hides that behind a property."""
    return {name: value for name, value in entries(_table(holder)) if type(name) is str}


def _table(holder: Any) -> Mapping[Any, Any]:
    import inspect

    if is_a(holder, type):
        found: Mapping[Any, Any] = type.__dict__["__dict__"].__get__(holder)
        return found
    try:
        if is_a(holder, types.ModuleType):
            table: Any = vars(types.ModuleType)["__dict__"].__get__(holder)
        else:
            slot = inspect.getattr_static(type(holder), "__dict__", None)
            if not is_a(slot, types.GetSetDescriptorType):
                return {}
            table = slot.__get__(holder)
    except Exception:
        return {}
    return table if is_a(table, dict) else {}


def kind(value: Any) -> str:
    """What sort of thing it is, in a word for people: `function`, `class`, `module`, …."""
    if is_a(value, type):
        return "class"
    if is_a(value, types.ModuleType):
        return "module"
    if is_a(value, types.MethodType, classmethod, types.MethodWrapperType, *_METHOD_DESCRIPTORS):
        return "method"
    if is_a(value, types.FunctionType, types.BuiltinFunctionType, staticmethod, _CACHED):
        return "function"
    if is_a(value, property, functools.cached_property):
        return "property"
    return "variable"
