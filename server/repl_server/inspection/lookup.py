"""What is known about a name: signature, documentation, place. None of the program's code runs."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

from repl_server.inspection.chains import Step, steps
from repl_server.inspection.definition import place
from repl_server.inspection.definition import source as source_of
from repl_server.inspection.names import C_CALLABLES, UNKNOWN, class_text, is_a, kind, own, resolve
from repl_server.inspection.signature import innermost, signature_of_name

__all__ = ["documentation", "lookup"]

_LONGEST = 20_000
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that is made at run time


def lookup(name: str, namespace: Mapping[str, Any], *, source: bool = False) -> dict[str, object]:
    """`name`, `ns`, `arglists-str`, `doc`, `file`, `line`, `column`, `type`, as far as known.

    Nothing if the name is not known. An instance is described by its class, a property by its
    function. With `source` also the text of the definition, and `source-truncated` if it is longer
    than 64 KiB.
    """
    name = name.strip()
    way = steps(name)
    if way is None:
        return {}
    found = resolve(name, namespace)
    if found is UNKNOWN:
        return _behind_descriptor(name, way, namespace, source=source)
    info: dict[str, object] = {"name": name, "type": kind(found)}
    if info["type"] == "function" and len(way) > 1 and way[-1].is_attribute:
        holder = resolve(name.rpartition(".")[0].strip(), namespace)
        if not is_a(holder, types.ModuleType):
            info["type"] = "method"
    if known := signature_of_name(name, namespace):
        info["arglists-str"] = known.text
    return {**info, **_about(found, source=source)}


def _behind_descriptor(
    name: str, way: list[Step], namespace: Mapping[str, Any], *, source: bool
) -> dict[str, object]:
    """A property is described by itself, since its value is not known."""
    import inspect

    if len(way) < 2 or not way[-1].is_attribute:
        return {}
    holder = resolve(name.rpartition(".")[0].strip(), namespace)
    if holder is UNKNOWN:
        return {}
    try:
        found = inspect.getattr_static(holder, str(way[-1].key))
    except Exception:
        return {}
    function = _getter(found)
    info = _about(function, source=source) if function is not None else {}
    return {"name": name, "type": kind(found), **info}


def _getter(found: Any) -> Any:
    """The function behind a property."""
    if is_a(found, property):
        function = property.__dict__["fget"].__get__(found)
    elif is_a(found, functools.cached_property):
        function = own(found).get("func")
    else:
        return None
    return function if is_a(function, types.FunctionType) else None


def _about(found: Any, *, source: bool) -> dict[str, object]:
    described = found
    if kind(innermost(found)) == "variable":
        described = type(found)
        if class_text(described, "__module__") == "builtins":
            return {}
    info: dict[str, object] = {}
    if ns := _namespace(described):
        info["ns"] = ns
    if doc := documentation(described):
        cut = len(doc) - _LONGEST
        info["doc"] = doc if cut <= 0 else f"{doc[:_LONGEST]}\n… ({cut} more characters)"
    info |= place(described)
    if source:
        text, is_cut = source_of(described)
        if text:
            info["source"] = text
        if is_cut:
            info["source-truncated"] = 1
    return info


def _namespace(found: Any) -> str:
    """The name of the module it belongs to."""
    if is_a(found, types.ModuleType):
        name = own(found).get("__name__")
    elif is_a(found, type):
        return class_text(found, "__module__")
    else:
        function = innermost(found)
        name = None
        if is_a(function, types.FunctionType, types.BuiltinFunctionType):
            name = function.__module__
    return name if type(name) is str else ""


def documentation(found: Any) -> str:
    """Its own documentation, without the indentation it has in the source; empty if none."""
    import inspect

    doc: object = None
    if is_a(found, types.ModuleType):
        doc = own(found).get("__doc__")
    elif is_a(found, type):
        doc = own(found).get("__doc__")
        if type(doc) is not str and not type.__dict__["__flags__"].__get__(found) & _HEAP:
            doc = type.__dict__["__doc__"].__get__(found)
    elif is_a(found, property, functools.cached_property):
        return documentation(_getter(found))
    elif is_a(found, types.FunctionType, *C_CALLABLES):
        doc = found.__doc__
    elif is_a(found, staticmethod, classmethod, types.MethodType, functools.partial):
        return documentation(innermost(found))
    else:
        doc = own(found).get("__doc__")
    return inspect.cleandoc(doc) if type(doc) is str else ""
