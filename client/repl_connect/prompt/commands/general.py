"""Leaving, and what runs."""

from __future__ import annotations

from typing import Final

from repl_connect.prompt.commands.asking import connected
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import cut, line_of
from repl_connect.prompt.front_end import FrontEnd

__all__ = ["LEAVING", "RUNNING"]


def _show_pending(front_end: FrontEnd, _: str) -> None:
    link = connected(front_end)
    if link is None:
        return
    running = link.session.running
    if not running:
        front_end.note("Nothing runs.")
        return
    fragments = []
    for number, evaluation in enumerate(running):
        state = "queued" if number else "asked to stop" if evaluation.interrupting else "running"
        code = cut(line_of(evaluation.code), max(front_end.columns - 17, 8))
        fragments += [("class:label", f"{state:<15}"), ("", code + "\n")]
    front_end.say(fragments)


LEAVING: Final = (
    Command(
        names=("quit", "q"),
        other_names=("exit",),
        doc="leave; so does Ctrl-D on an empty line",
        run=lambda front_end, _: front_end.leave(),
    ),
)

RUNNING: Final = (
    Command(
        names=("interrupt",),
        doc="stop what runs; so does Ctrl-C",
        run=lambda front_end, _: front_end.interrupt(),
    ),
    Command(names=("pending",), doc="what runs, and what waits behind it", run=_show_pending),
)
