"""What is known of names, from the live program; no code of its own is run for that."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import keyword
import types
from collections.abc import Mapping
from typing import Any

__all__ = ["completions", "lookup"]

_MOST = 500
_UNKNOWN = object()


def _attribute(value: object, name: str) -> object:
    """An attribute, `_UNKNOWN` if there is none or code would have to run for it."""
    try:
        static = inspect.getattr_static(value, name)
    except AttributeError:
        return _UNKNOWN
    if isinstance(static, (staticmethod, classmethod)):
        return static.__func__
    if isinstance(static, types.FunctionType) and not isinstance(value, (type, types.ModuleType)):
        return static.__get__(value)
    if isinstance(static, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        return getattr(value, name, _UNKNOWN)
    return _UNKNOWN if isinstance(static, property) else static


def _resolve(name: str, namespace: Mapping[str, Any]) -> object:
    first, *rest = name.split(".")
    value: object = namespace.get(first, vars(builtins).get(first, _UNKNOWN))
    for each in rest:
        if value is _UNKNOWN:
            break
        value = _attribute(value, each)
    return value


def _kind(value: object) -> str:
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    return "function" if callable(value) else "var"


def completions(prefix: str, namespace: Mapping[str, Any]) -> list[str]:
    """Names that begin so, dotted ones whole: its name and type, one after the other."""
    before, dot, last = prefix.rpartition(".")
    if dot:
        owner = _resolve(before, namespace)
        names = [] if owner is _UNKNOWN else _names(owner)
        found = {each: _attribute(owner, each) for each in names if each.startswith(last)}
    else:
        found = {
            each: value
            for where in (vars(builtins), namespace)
            for each, value in list(where.items())
            if isinstance(each, str) and each.startswith(last)
        }
    items: list[str] = []
    if not dot:
        for each in keyword.kwlist:
            if each.startswith(last) and each not in found:
                items += (each, "keyword")
    hidden = sorted(found, key=lambda name: (name.startswith("__"), name.startswith("_"), name))
    for each in hidden[:_MOST]:
        if each.startswith("_") and not last.startswith("_"):
            continue
        items += (before + dot + each, _kind(found[each]))
    return items


def _names(owner: object) -> list[str]:
    """As `dir` has them, of the object and its class; a `__dir__` of the program's is not run."""
    kinds = list(type(owner).__mro__)
    if isinstance(owner, type):
        kinds += owner.__mro__
    names = {name for kind in kinds for name in vars(kind)}
    with contextlib.suppress(AttributeError, TypeError):
        names.update(object.__getattribute__(owner, "__dict__"))
    return [name for name in names if isinstance(name, str)]


def lookup(name: str, namespace: Mapping[str, Any]) -> list[str]:
    """What is known of a name, keys and values in turn; nothing if it means nothing."""
    value = _resolve(name, namespace)
    if value is _UNKNOWN:
        return []
    info = {"name": name, "type": _kind(value), "doc": inspect.getdoc(value) or ""}
    if callable(value):
        with contextlib.suppress(TypeError, ValueError):
            info["arglists-str"] = str(inspect.signature(value))
    module = getattr(value, "__module__", None)
    if isinstance(module, str):
        info["ns"] = module
    try:
        told: Any = inspect.unwrap(value) if callable(value) else value
        file = inspect.getsourcefile(told)
        if file is not None:
            info["file"] = file
            if not isinstance(told, types.ModuleType):
                info["line"] = str(inspect.findsource(told)[1] + 1)
    except (OSError, TypeError, ValueError):
        pass
    return [text for pair in info.items() for text in pair]
