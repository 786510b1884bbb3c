"""Our own commands: what is typed with a comma in front, as a table.

A REPL may have comma commands too (Guile's `,bt`). The names in `names` are ours everywhere, those
in `other_names` where the REPL has no commands; everything else that starts with a comma goes to a
REPL that has some. So does a command of ours that got an argument it does not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from repl_connect.languages import Language

__all__ = [
    "COMMANDS",
    "KEYS",
    "Actions",
    "Command",
    "Typed",
    "command_names",
    "help_lines",
    "typed_command",
]


class Actions(Protocol):
    """What the commands do; the prompt has these."""

    def show_help(self) -> None:
        """Show the commands and the keys."""

    def leave(self) -> None:
        """End."""

    def show_more(self) -> None:
        """Show the next part of the last value."""

    def save_value(self, path: str) -> None:
        """Write the last value to a file."""

    def interrupt(self) -> None:
        """Stop what runs."""

    def look_up(self, name: str) -> None:
        """Show what is known about a name."""

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""

    def reconnect(self) -> None:
        """Connect again after the connection was lost."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command. `argument` is what the help calls its argument; empty if it takes none."""

    names: tuple[str, ...]
    doc: str
    run: Callable[[Actions, str], None]
    other_names: tuple[str, ...] = ()
    argument: str = ""


COMMANDS: Final = (
    Command(names=("help",), doc="these lines", run=lambda do, _: do.show_help()),
    Command(
        names=("quit", "q"),
        other_names=("exit",),
        doc="leave; so does Ctrl-D on an empty line",
        run=lambda do, _: do.leave(),
    ),
    Command(
        names=("more",), doc="the next part of the last value", run=lambda do, _: do.show_more()
    ),
    Command(
        names=("save",),
        argument="FILE",
        doc="write the last value to a file",
        run=lambda do, path: do.save_value(path),
    ),
    Command(
        names=("interrupt",),
        doc="stop what runs; so does Ctrl-C",
        run=lambda do, _: do.interrupt(),
    ),
    Command(
        names=("doc",),
        argument="NAME",
        doc="what is known about a name; F1 asks about the one at the cursor",
        run=lambda do, name: do.look_up(name),
    ),
    Command(
        names=("ns",),
        other_names=("in",),
        argument="NAME",
        doc="evaluate in another namespace or module from now on",
        run=lambda do, name: do.enter_namespace(name),
    ),
    Command(
        names=("reconnect",),
        doc="connect again after the connection was lost",
        run=lambda do, _: do.reconnect(),
    ),
)

KEYS: Final = (
    ("Enter", "send what is complete, else start a new line"),
    ("Alt-Enter", "send as it is (on some terminals: Esc, Enter)"),
    ("Ctrl-J", "start a new line"),
    ("Tab", "complete"),
    ("F1", "what is known about the name at the cursor"),
    ("Ctrl-C", "stop what runs; else clear what is typed"),
    ("Ctrl-D", "on an empty line: leave"),
    ("Ctrl-R", "search the history"),
)

_COMMAND: Final = re.compile(r"\s*,([A-Za-z?][\w?!-]*)(?:[ \t]+(.*\S))?\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a line that starts with a comma is: a command of ours to run, or a problem with it."""

    command: Command | None = None
    argument: str = ""
    problem: str = ""


def typed_command(text: str, language: Language) -> Typed | None:
    """Read what was entered; None if it is for the REPL."""
    match = _COMMAND.fullmatch(text)
    if match is None:
        return None
    name, argument = match[1], match[2] or ""
    has_own = bool(language.meta_commands)
    for command in COMMANDS:
        if name in command.names or (not has_own and name in command.other_names):
            if argument and not command.argument:
                if has_own:
                    return None
                return Typed(problem=f",{name} takes nothing behind it.")
            if command.argument and not argument:
                return Typed(problem=f",{name} {command.argument}: {command.doc}.")
            return Typed(command=command, argument=argument)
    if language.is_meta_command(text):
        return None
    return Typed(problem=f"There is no command ,{name}. ,help shows those there are.")


def command_names() -> list[str]:
    """The names of all commands, for completion."""
    return [name for command in COMMANDS for name in command.names]


def help_lines(language: Language) -> list[tuple[str, str]]:
    """The help as styled fragments."""
    fragments: list[tuple[str, str]] = [("class:heading", "Commands\n")]
    for command in COMMANDS:
        names = f",{command.names[0]} {command.argument}".strip()
        fragments += [("", f"  {names:<12}"), ("class:note", f"  {command.doc}\n")]
    fragments.append(("class:heading", "Keys\n"))
    for key, doc in KEYS:
        fragments += [("", f"  {key:<12}"), ("class:note", f"  {doc}\n")]
    if language.meta_commands:
        fragments.append(("class:note", language.meta_commands + "\n"))
    return fragments
