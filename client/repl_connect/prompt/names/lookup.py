"""What is known about a name, as a few lines; and the text of its definition."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from repl_connect.escapes import visible
from repl_connect.languages import Language

__all__ = ["Source", "described", "source_of"]

_LONGEST: Final = 20_000
_LARGEST_FILE: Final = 4 * 1024 * 1024
_LONGEST_SOURCE: Final = 64 * 1024
_CUT: Final = "\n… The rest is left out."


class Source(NamedTuple):
    """The text of a definition, empty if it is not known, and where it is: `file:line`."""

    text: str
    place: str


def described(name: str, info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Make one or more lines of nREPL's `info` map, as styled fragments."""
    if not info:
        return [("class:note", f"Nothing is known about {visible(name)} there.\n")]
    shown = _told(info, "name") or visible(name)
    namespace = _told(info, "ns")
    if namespace and not shown.startswith(namespace):
        shown = f"{shown}  ({namespace.strip('()')})"
    fragments = [("class:heading", shown)]
    if kind := _told(info, "type"):
        fragments.append(("class:note", f"  {kind}"))
    fragments.append(("", "\n"))
    if arguments := _told(info, "arglists-str") or _told(info, "arglists"):
        fragments.append(("class:label", _indented(arguments)))
    if documentation := _told(info, "doc") or _told(info, "docstring"):
        fragments.append(("", _indented(_cut(documentation, _LONGEST))))
    if place := _place(info):
        fragments.append(("class:note", f"  {place}\n"))
    return fragments


def source_of(info: Mapping[str, Any], language: Language) -> Source:
    """The source as it was sent; else of the file, if there is one of its name on this machine."""
    text = _told(info, "source", strip=False).strip("\n")
    if not text.strip():
        text = visible(_definition_in_file(info, language))
    return Source(_cut(text, _LONGEST_SOURCE), _place(info))


def _told(info: Mapping[str, Any], key: str, *, strip: bool = True) -> str:
    value = info.get(key)
    if value in (None, "", [], 0):
        return ""
    text = visible(str(value))
    return text.strip() if strip else text


def _place(info: Mapping[str, Any]) -> str:
    file = _told(info, "file")
    return ":".join(part for part in (file, _told(info, "line")) if part) if file else ""


def _definition_in_file(info: Mapping[str, Any], language: Language) -> str:
    path, line = info.get("file"), info.get("line")
    if not isinstance(path, str) or not isinstance(line, int) or line < 1:
        return ""
    try:
        if path.startswith("jar:"):
            whole = _read_in_archive(path.removeprefix("jar:"))
        else:
            whole = _read(path.removeprefix("file:"))
    except (OSError, ValueError):
        return ""
    below = whole.replace("\r\n", "\n").split("\n")[line - 1 :]  # a form feed ends no line
    text = "\n".join(_from_its_margin(below))[: 2 * _LONGEST_SOURCE]
    forms = language.statements(text)
    return text[slice(*forms[0])] if forms else text


def _read(path: str) -> str:
    if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST_FILE:
        return ""
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        return file.read()


def _read_in_archive(url: str) -> str:
    """A file in an archive of Java's: `file:/lib/clojure.jar!/clojure/core.clj`."""
    from urllib.parse import unquote

    from repl_connect.archives import read_member

    archive, _, member = url.removeprefix("file:").partition("!/")
    data = read_member(unquote(archive), unquote(member), _LARGEST_FILE)
    return data.decode("utf-8", "replace") if data is not None else ""


def _from_its_margin(lines: list[str]) -> Iterator[str]:
    """Lines up to the first that starts left of the first one, without that margin."""
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    for line in lines:
        if line[:margin].strip():
            return
        yield line[margin:]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + _CUT


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line.strip() else "\n" for line in text.split("\n"))
