"""Evaluating files, measuring, editing."""

from __future__ import annotations

import os
import stat
from typing import Any, Final

from repl_connect.prompt.commands.asking import connected, session_of
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.paths import complete_path
from repl_connect.prompt.commands.rows import line_of
from repl_connect.prompt.front_end import FrontEnd

__all__ = ["CODE"]

_LARGEST: Final = 16 * 1024 * 1024


def _load(front_end: FrontEnd, argument: str) -> None:
    path = os.path.abspath(os.path.expanduser(argument.strip("\"'")))
    shown = line_of(path)
    if session_of(front_end, "load-file") is None:
        return
    try:
        status = os.stat(path)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            front_end.problem(f"{shown} is no file: not sent.")  # to read it might never end
            return
        if status.st_size > _LARGEST:
            front_end.problem(f"{shown} is larger than {_LARGEST // 2**20} MiB: not sent.")
            return
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        front_end.problem(f"{shown} is not UTF-8 text (byte {error.start}): not sent.")
        return
    except OSError as error:
        front_end.problem(f"{shown}: {error.strerror}. The path is one of this machine.")
        return
    front_end.evaluate(text, file=path, as_file=True)


def _time(front_end: FrontEnd, code: str) -> None:
    front_end.evaluate(code, timed=True)


def _edit(front_end: FrontEnd, name: str) -> None:
    if front_end.is_plain or not name:
        text = front_end.last_entry
        if not text and not front_end.is_plain:
            front_end.note("Nothing was entered yet: this is an empty file.")
        front_end.edit(text)
        return
    link = connected(front_end)
    if link is None:
        return

    def told(info: dict[str, Any]) -> None:
        from repl_connect.prompt.names.lookup import source_of

        source = source_of(info, front_end.language).text
        if source.strip():
            front_end.edit(source.rstrip("\n"))
        else:
            front_end.problem(f"The source of {line_of(name)} is not known there.")

    link.session.lookup(name, told, source=True)


CODE: Final = (
    Command(
        names=("load",),
        argument="FILE",
        doc="evaluate a whole file of this machine",
        run=_load,
        more="The file is read here and sent with its path, so errors name its lines.",
        example=",load ~/work/setup.py",
        complete=complete_path,
    ),
    Command(
        names=(),
        other_names=("time",),
        argument="CODE",
        doc="evaluate, and say how long it took",
        run=_time,
        more="The time is what passes here, from the request to its end.",
        example=",time sum(range(10**6))",
        code_after=0,
    ),
    Command(
        names=("edit",),
        argument="[NAME]",
        doc="the last entry or a source, in your editor",
        run=_edit,
        more="It comes back to the prompt and is not sent. The editor is prompt.editor, $VISUAL "
        "or $EDITOR.",
        example=",edit step",
    ),
)
