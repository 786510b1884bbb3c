"""The last value and the last error."""

from __future__ import annotations

from typing import Final

from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.paths import complete_path
from repl_connect.prompt.front_end import FrontEnd

__all__ = ["VALUES"]


def _save(front_end: FrontEnd, path: str) -> None:
    try:
        front_end.note(front_end.values.save(path))
    except LookupError as error:
        front_end.problem(str(error.args[0]))
    except OSError as error:
        front_end.problem(f"{path}: {error.strerror}.")


def _page(front_end: FrontEnd, _: str) -> None:
    text = _last_value(front_end)
    if text is not None:
        front_end.page(text.rstrip("\n") + "\n", lexer=front_end.language.lexer)


def _pipe(front_end: FrontEnd, command: str) -> None:
    text = _last_value(front_end)
    if text is not None:
        front_end.pipe(text, command)


def _last_value(front_end: FrontEnd) -> str | None:
    """The whole of it; if there is none, the user has been told."""
    try:
        return front_end.values.value().text
    except LookupError as error:
        front_end.problem(str(error.args[0]))
        return None


VALUES: Final = (
    Command(
        names=("more",),
        doc="the next part of the last value",
        run=lambda front_end, _: front_end.show_value(),
    ),
    Command(names=("page",), doc="the whole last value in the pager", run=_page),
    Command(
        names=("save",),
        argument="FILE",
        doc="write the whole last value to a file",
        run=_save,
        complete=complete_path,
        example=",save ~/report.txt",
    ),
    Command(
        names=("pipe",),
        argument="COMMAND",
        doc="give the last value to a shell command",
        run=_pipe,
        more="The command gets the whole value as its input, and has the terminal until it ends.",
        example=",pipe grep -n error | less",
    ),
    Command(
        names=("traceback",),
        doc="the whole text of the last error",
        run=lambda front_end, _: front_end.show_traceback(),
    ),
)
