"""What is known about a name: signature, documentation, place. None of the program's code runs."""

from __future__ import annotations

import functools
import linecache
import re
import sys
import types
from collections.abc import Mapping
from typing import Any

from repl_server.names import UNKNOWN, is_a, kind, resolve, static_attribute

__all__ = ["lookup"]

_LONGEST = 20_000


def lookup(name: str, namespace: Mapping[str, Any]) -> dict[str, object]:
    """`name`, `ns`, `arglists-str`, `doc`, `file`, `line`, `type`, as far as known; or nothing."""
    name = name.strip()
    if not name or not all(part.isidentifier() for part in name.split(".")):
        return {}
    found = resolve(name, namespace)
    if found is UNKNOWN:
        return _behind_descriptor(name, namespace)
    info: dict[str, object] = {"name": name, "type": kind(found)}
    if "." in name and info["type"] == "function":
        holder = resolve(name.rpartition(".")[0], namespace)
        if not is_a(holder, types.ModuleType):
            info["type"] = "method"
    return {**info, **_about(found)}


def _behind_descriptor(name: str, namespace: Mapping[str, Any]) -> dict[str, object]:
    """A property is described by itself, since its value is not known."""
    import inspect

    holder_name, dot, last = name.rpartition(".")
    holder = resolve(holder_name, namespace) if dot else UNKNOWN
    if holder is UNKNOWN:
        return {}
    try:
        found = inspect.getattr_static(holder, last)
    except Exception:
        return {}
    if is_a(found, functools.cached_property):
        found = property(found.func)
    if is_a(found, property):
        about = _about(found.fget) if is_a(found.fget, types.FunctionType) else {}
        about.pop("arglists-str", None)
        return {"name": name, "type": "property", **about}
    return {"name": name, "type": kind(found)}


def _about(found: Any) -> dict[str, object]:
    info: dict[str, object] = {}
    described = found
    if is_a(found, functools.partial):
        described = found.func
    if kind(described) == "variable":
        described = type(described)
        if described.__module__ == "builtins":
            return {}
    elif not is_a(found, types.ModuleType) and (signature := _signature(found)):
        info["arglists-str"] = signature
    ns = static_attribute(described, "__module__")
    if is_a(described, types.ModuleType):
        ns = vars(described).get("__name__")
    if is_a(ns, str):
        info["ns"] = ns
    doc = _documentation(described)
    if doc:
        info["doc"] = doc[:_LONGEST]
    return {**info, **_place(described)}


def _documentation(found: Any) -> str:
    import inspect

    doc = getattr(found, "__doc__", None)
    return inspect.cleandoc(doc) if isinstance(doc, str) else ""


def _signature(found: Any) -> str:
    """The arguments in brackets; a default that only the program could print is its type's name."""
    import inspect

    if is_a(found, type) and type.__dict__["__dict__"].__get__(found).get("__signature__"):
        return ""
    try:
        signature = inspect.signature(found)
        parameters = [
            parameter.replace(
                default=parameter.default
                if parameter.default is parameter.empty or _is_plain(parameter.default)
                else _Shown(f"<{type(parameter.default).__name__}>"),
                annotation=_annotation(parameter.annotation, parameter.empty),
            )
            for parameter in signature.parameters.values()
        ]
        result = _annotation(signature.return_annotation, signature.empty)
        return str(signature.replace(parameters=parameters, return_annotation=result))
    except Exception:
        return ""


_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(...))


def _is_plain(value: object) -> bool:
    """Whether its `repr` is Python's own."""
    return type(value) in _PLAIN or (type(value) in (tuple, list, dict) and not value)


class _Shown:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _annotation(annotation: Any, empty: Any) -> Any:
    if annotation is empty or is_a(annotation, type):
        return annotation
    if is_a(annotation, str):
        return _Shown(annotation)
    if type(annotation).__module__ in ("typing", "types"):
        return annotation
    return empty


def _place(found: Any) -> dict[str, object]:
    """The file and line of its definition."""
    while is_a(found, types.FunctionType):
        inner = found.__dict__.get("__wrapped__")
        if not is_a(inner, types.FunctionType):
            break
        found = inner
    if is_a(found, types.MethodType):
        found = found.__func__
    if is_a(found, types.FunctionType):
        return {"file": found.__code__.co_filename, "line": found.__code__.co_firstlineno}
    if is_a(found, types.ModuleType):
        file = vars(found).get("__file__")
        return {"file": file, "line": 1} if is_a(file, str) else {}
    if is_a(found, type):
        return _class_place(found)
    return {}


def _class_place(found: type) -> dict[str, object]:
    """A class remembers no place before Python 3.13: its methods do, and its module's text."""
    own = type.__dict__["__dict__"].__get__(found)
    file: object = None
    for value in list(own.values()):
        function = value.__func__ if is_a(value, staticmethod, classmethod) else value
        if (
            is_a(function, types.FunctionType)
            and function.__qualname__ == f"{found.__qualname__}.{function.__name__}"
        ):
            file = function.__code__.co_filename
            break
    if file is None:
        module = sys.modules.get(str(own.get("__module__")))
        file = None if module is None else vars(module).get("__file__")
    if not isinstance(file, str):
        return {}
    line = own.get("__firstlineno__")
    if not is_a(line, int):
        name = re.escape(found.__qualname__.rpartition(".")[2])
        pattern = re.compile(rf"\s*class\s+{name}\b")
        lines = linecache.getlines(file)
        line = next((n for n, text in enumerate(lines, 1) if pattern.match(text)), None)
    return {"file": file} if line is None else {"file": file, "line": line}
