"""Names of modules, loaded or to be found; nothing is imported to know them."""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from repl_server.inspection.names import UNKNOWN, entry, is_a, own

__all__ = ["absolute_name", "loaded_module", "module_names"]

_SUFFIX = re.compile(r"(?:\.[\w-]+)?\.(?:py|so|pyd)\Z")


def loaded_module(name: str) -> Any:
    """The module of that name, or None if it is not loaded or no module."""
    found = dict.get(sys.modules, name)
    return found if is_a(found, types.ModuleType) else None


def absolute_name(name: str, namespace: Mapping[str, Any]) -> str | None:
    """What `..a.b` means in a namespace: its package's name stands for the dots. None if nothing.

    A name without dots in front means itself.
    """
    rest = name.lstrip(".")
    level = len(name) - len(rest)
    if not level:
        return name
    package = entry(namespace, "__package__")
    if type(package) is not str:
        package = entry(namespace, "__name__")
        if type(package) is str and entry(namespace, "__path__") is UNKNOWN:
            package = package.rpartition(".")[0]
    if type(package) is not str or not package:
        return None
    parts = package.split(".")
    if level > len(parts):
        return None
    parts = parts[: len(parts) - level + 1]
    return ".".join([*parts, rest])


def module_names(name: str) -> Iterator[str]:
    """Names of modules that begin so, loaded, built in or found on the path."""
    package, dot, begun = name.rpartition(".")
    head = package + dot

    def fits(last: str) -> bool:
        return last.startswith(begun) and last.isidentifier() and (begun != "" or last[0] != "_")

    for loaded in list(sys.modules):
        if type(loaded) is str and loaded.startswith(head) and fits(loaded[len(head) :]):
            yield loaded
    if not dot:
        for known in (*sys.stdlib_module_names, *sys.builtin_module_names):
            if fits(known):
                yield known
    for directory in _places(package) if dot else _path():
        for last in _in_directory(directory):
            if fits(last):
                yield head + last


def _path() -> list[str]:
    return [place for place in list(sys.path) if type(place) is str]


def _places(package: str) -> list[str]:
    """The directories of a package."""
    loaded = loaded_module(package)
    if loaded is not None:
        path: Any = own(loaded).get("__path__")
        if not is_a(path, list):  # a namespace package's, which may look for more when it is asked
            path = own(path).get("_path")
        if not is_a(path, list):
            return []
        return [place for place in list.__iter__(path) if type(place) is str]
    parent, dot, last = package.rpartition(".")
    places = _places(parent) if dot else _path()
    inner = [os.path.join(place or ".", last) for place in places]
    return [place for place in inner if os.path.isdir(place)]


def _in_directory(directory: str) -> Iterator[str]:
    try:
        with os.scandir(directory or ".") as entries:
            for entry in entries:
                plain = _SUFFIX.sub("", entry.name)
                if plain != entry.name or ("." not in plain and entry.is_dir()):
                    yield plain
    except OSError:
        return
