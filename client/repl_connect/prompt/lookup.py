"""What is known about a name, as a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from repl_connect.prompt.escapes import visible

__all__ = ["described"]

_LONGEST: Final = 10_000


def described(name: str, info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Make one or more lines of nREPL's `info` map, as styled fragments."""
    if not info:
        return [("class:note", f"Nothing is known about {visible(name)} there.\n")]

    def told(key: str) -> str:
        value = info.get(key)
        return visible(str(value)).strip() if value not in (None, "", []) else ""

    shown = told("name") or visible(name)
    if told("ns") and not shown.startswith(told("ns")):
        shown = f"{shown}  ({told('ns').strip('()')})"
    fragments = [("class:heading", shown)]
    if told("type"):
        fragments.append(("class:note", f"  {told('type')}"))
    fragments.append(("", "\n"))
    arguments = told("arglists-str") or told("arglists")
    if arguments:
        fragments.append(("class:label", _indented(arguments)))
    documentation = told("doc") or told("docstring")
    if len(documentation) > _LONGEST:
        documentation = documentation[:_LONGEST] + "…"
    if documentation:
        fragments.append(("", _indented(documentation)))
    if told("file"):
        place = ":".join(part for part in (told("file"), told("line")) if part)
        fragments.append(("class:note", f"  {place}\n"))
    return fragments


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line.strip() else "\n" for line in text.split("\n"))
