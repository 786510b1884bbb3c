"""What could stand at the end of a text, from the live program, without running any of its code."""

from __future__ import annotations

import builtins
import keyword
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from repl_server.names import UNKNOWN, attributes, is_a, kind, resolve

__all__ = ["MOST", "complete"]

MOST = 500
"""How many candidates are given at most."""

_SECONDS = 0.1
_LAST = re.compile(r"(?:[^\W\d]\w*\.)*(?:[^\W\d]\w*)?\Z")
_IMPORT = re.compile(r"\s*(?:import\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*|from\s+)([\w.]*)\Z")
_FROM = re.compile(
    r"\s*from\s+([\w.]+)\s+import\s+(?:\(\s*)?(?:\w+(?:\s+as\s+\w+)?\s*,\s*)*(\w*)\Z"
)


def complete(prefix: str, namespace: Mapping[str, Any]) -> list[dict[str, str]]:
    """Candidates for the dotted name at the end of `prefix`, each to stand in that name's place.

    `prefix` may be the whole line: after `import` and `from` modules are meant. Names that begin
    with an underscore are given when the prefix does so.
    """
    deadline = time.monotonic() + _SECONDS
    line = prefix.rpartition("\n")[2]
    if match := _FROM.match(line):
        found = _importable(match[1], match[2])
    elif match := _IMPORT.match(line):
        found = ((name, "module") for name in _modules(match[1]))
    else:
        name = _LAST.search(line)
        start = line[: name.start()] if name else line
        if name is None or start[-1:] in (".", "'", '"') or start[-1:].isdigit():
            return []
        found = _names(name[0], namespace)
    return [{"candidate": name, "type": what} for name, what in _first(found, deadline)]


def _first(found: Iterable[tuple[str, str]], deadline: float) -> list[tuple[str, str]]:
    """The first of them in a good order: no underscore, one, two."""
    seen: dict[str, str] = {}
    for number, (name, what) in enumerate(found):
        seen.setdefault(name, what)
        if number % 64 == 0 and time.monotonic() > deadline:
            break

    def order(item: tuple[str, str]) -> tuple[int, str]:
        last = item[0].rpartition(".")[2]
        return (2 if last.startswith("__") else last.startswith("_"), item[0])

    return sorted(seen.items(), key=order)[:MOST]


def _names(name: str, namespace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    holder_name, dot, begun = name.rpartition(".")
    if not dot:
        for found, value in list(namespace.items()):
            if _fits(found, begun):
                yield found, kind(value)
        for word in keyword.kwlist:
            if word.startswith(begun):
                yield word, "keyword"
        for found, value in vars(builtins).items():
            if _fits(found, begun):
                yield found, kind(value)
        return
    holder = resolve(holder_name, namespace)
    if holder is UNKNOWN:
        return
    in_object = not is_a(holder, type(sys))
    for found, value in attributes(holder).items():
        if _fits(found, begun):
            what = kind(value)
            if what == "function" and in_object:
                what = "method"
            yield f"{holder_name}.{found}", what


def _fits(name: object, begun: str) -> bool:
    return (
        isinstance(name, str)
        and name.startswith(begun)
        and (begun != "" or not name.startswith("_"))
        and name.isidentifier()
    )


def _importable(module: str, begun: str) -> Iterator[tuple[str, str]]:
    """What `from module import` can name; the module is not imported for it."""
    loaded = sys.modules.get(module)
    if loaded is not None:
        for found, value in attributes(loaded).items():
            if _fits(found, begun) and found in vars(loaded):
                yield found, kind(value)
    for name in _modules(f"{module}.{begun}"):
        yield name.rpartition(".")[2], "module"


def _modules(name: str) -> Iterator[str]:
    """Names of modules that begin so, loaded, built in or found on the path."""
    package, dot, begun = name.rpartition(".")
    head = package + dot
    for loaded in list(sys.modules):
        if loaded.startswith(name) and "." not in loaded[len(head) :]:
            last = loaded[len(head) :]
            if _fits(last, begun):
                yield loaded
    if not dot:
        for known in (*sys.stdlib_module_names, *sys.builtin_module_names):
            if _fits(known, begun):
                yield known
    for directory in _places(package) if dot else list(sys.path):
        for last in _in_directory(directory):
            if _fits(last, begun):
                yield head + last


def _places(package: str) -> list[str]:
    """The directories of a package, which is not imported to know them."""
    loaded = sys.modules.get(package)
    if loaded is not None:
        return [place for place in getattr(loaded, "__path__", ()) if isinstance(place, str)]
    parent, dot, last = package.rpartition(".")
    places = _places(parent) if dot else list(sys.path)
    inner = [os.path.join(place or ".", last) for place in places]
    return [place for place in inner if os.path.isdir(place)]


_SUFFIX = re.compile(r"(?:\.[\w-]+)?\.(?:py|so|pyd)\Z")


def _in_directory(directory: str) -> Iterator[str]:
    try:
        with os.scandir(directory or ".") as entries:
            for entry in entries:
                plain = _SUFFIX.sub("", entry.name)
                if plain != entry.name or ("." not in plain and entry.is_dir()):
                    yield plain
    except OSError:
        return
