"""Where something is defined, as a place that Neovim can go to, or as a text that it can show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from repl_connect.archives import read_member
from repl_connect.escapes import visible
from repl_connect.replies import line_number

__all__ = ["Definition", "definition_of"]

_LARGEST: Final = 1024 * 1024  # bytes of a member of an archive that are shown
_PARENTS: Final = 20


class Definition(NamedTuple):
    """A definition: in the file `file` of this machine, or in `text`, a copy that is called `name`.

    `line` and `column` count from 1. Without a file and a text, it is not known here. `problem` is
    a sentence on why there is no file, if there should be one.
    """

    file: str = ""
    line: int = 1
    column: int = 1
    text: str = ""
    name: str = ""
    problem: str = ""


def definition_of(
    symbol: str, info: Mapping[str, Any], *, elsewhere: bool, path: str = ""
) -> Definition:
    """What nREPL's `info` map says of where `symbol` is defined.

    `elsewhere`: that is another machine, whose files are not those here. `path` is a file that a
    relative path may be seen from, or from a directory above it.
    """
    symbol = visible(symbol)
    told = info.get("file")
    file = told if isinstance(told, str) and not told.startswith("<") else ""
    told = info.get("source")
    source = visible(told).strip("\n") if isinstance(told, str) else ""
    place = Definition(
        line=line_number(info.get("line")) or 1, column=line_number(info.get("column")) or 1
    )
    shown = visible(f"{file}:{place.line}") if file else ""
    problem = f"Nothing is known here of where {symbol} is defined."
    if file and elsewhere:
        problem = f"{symbol} is defined on the other machine, in {shown}."
    elif file:
        archive, member = _archive_of(file)
        if member:
            text = _member(archive, member)
            if text:
                name = f"{os.path.basename(archive)}/{member}"
                return place._replace(text=text, name=visible(name))
        elif found := _file_here(file.removeprefix("file:"), path):
            return place._replace(file=found)
        problem = f"{symbol} is defined in {shown}, which can't be read here."
    return Definition(text=source, name=symbol, problem=problem if file or not source else "")


def _file_here(file: str, path: str) -> str:
    file = unquote(file) if "%" in file and not os.path.exists(file) else file
    if os.path.isabs(file):
        return file if os.path.isfile(file) else ""
    directory = os.path.dirname(path) or os.getcwd()
    for _ in range(_PARENTS):
        found = os.path.join(directory, file)
        if os.path.isfile(found):
            return os.path.normpath(found)
        directory = os.path.dirname(directory)
    return ""


def _archive_of(file: str) -> tuple[str, str]:
    """The archive and the member of it: Java's `jar:file:/x.jar!/a.clj`, Python's `/x.zip/a.py`."""
    archive, mark, member = file.removeprefix("jar:").removeprefix("file:").partition("!/")
    if mark:
        return unquote(archive), unquote(member)
    if not os.path.exists(file):
        archive = os.path.dirname(file)
        for _ in range(_PARENTS):
            if os.path.exists(archive):
                break
            archive = os.path.dirname(archive)
        if os.path.isfile(archive):
            return archive, file[len(archive) + 1 :]
    return "", ""


def _member(archive: str, member: str) -> str:
    """The text of a file in an archive; empty if it can't be read, or is too large to be shown."""
    data = read_member(archive, member, _LARGEST)
    if data is None:
        return ""
    return visible(data.decode("utf-8", "replace").replace("\r\n", "\n"))
