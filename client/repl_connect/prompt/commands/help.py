"""`,help`: the commands, the keys, the settings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import line_of
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.settings.nearest import did_you_mean

__all__ = ["HELP"]

_WIDEST: Final = 28  # cells of what is typed
_NARROW: Final = 50  # columns, below which what it does goes on a line of its own
_TOPICS: Final = ("keys", "settings")


def _help(front_end: FrontEnd, argument: str) -> None:
    from repl_connect.prompt.commands import commands

    known = commands(front_end.language)
    name = argument.removeprefix(",")
    if not name:
        _show_all(front_end)
    elif name == "keys":
        _show_keys(front_end)
    elif name == "settings":
        _show_settings(front_end)
    elif name in known:
        front_end.say(_whole(known[name], name, front_end))
    elif front_end.language.meta_commands:
        front_end.evaluate(f",help {name}")
    else:
        near = did_you_mean(name, (*known, *_TOPICS))
        front_end.problem(f"There is no help for {line_of(name)}{near}")


def _show_all(front_end: FrontEnd) -> None:
    from repl_connect.prompt.commands.table import GROUPS

    language = front_end.language
    fragments: list[tuple[str, str]] = []
    for title, group in GROUPS:
        here = [
            command
            for command in group
            if command.names_in(language) and _is_possible(command, front_end)
        ]
        if not here:
            continue
        rows = [
            (f",{command.names_in(language)[0]} {command.argument}".rstrip(), command.doc)
            for command in here
        ]
        fragments += [("class:heading", title + "\n"), *_rows(rows, front_end.columns)]
    for line in (
        ",help NAME tells more of one. ,help keys are the keys, ,help settings what can be set.",
        language.meta_commands,
    ):
        if line:
            fragments.append(("class:note", _wrapped(line, front_end.columns)))
    front_end.say(fragments)


def _is_possible(command: Command, front_end: FrontEnd) -> bool:
    """Whether the other side has what it needs; nobody knows while there is no connection."""
    link = front_end.link
    if not command.needs or link is None or link.session.description is None:
        return True
    return link.session.supports(command.needs)


def _whole(command: Command, name: str, front_end: FrontEnd) -> list[tuple[str, str]]:
    columns = front_end.columns
    fragments = [
        ("class:heading", f",{name} {command.argument}".rstrip() + "\n"),
        ("", _wrapped(command.doc[0].upper() + command.doc[1:] + ".", columns, "  ")),
    ]
    if command.more:
        fragments.append(("", _wrapped(command.more, columns, "  ")))
    if command.example:
        fragments += [("class:note", "  For example: "), ("", command.example + "\n")]
    others = [each for each in command.names_in(front_end.language) if each != name]
    if others:
        fragments.append(("class:note", f"  Also: {', '.join(',' + each for each in others)}\n"))
    return fragments


def _show_keys(front_end: FrontEnd) -> None:
    from repl_connect.prompt.editing.actions import key_table

    fragments: list[tuple[str, str]] = []
    title = ""
    for row in key_table(front_end.settings.keys):
        if row.group != title:
            title = row.group
            fragments.append(("class:heading", title.capitalize() + "\n"))
        keys = row.vi if front_end.settings.prompt.keys == "vi" and row.vi else row.keys
        keys = tuple(key for key in keys if not key.startswith("<"))  # signals
        fragments += _rows([(", ".join(keys) or "no key", row.doc)], front_end.columns)
    line = "Other keys: the table [keys] of the file that `repl-connect config path` names."
    fragments.append(("class:note", _wrapped(line, front_end.columns)))
    front_end.say(fragments)


def _show_settings(front_end: FrontEnd) -> None:
    from repl_connect.settings.options import SECTIONS

    fragments: list[tuple[str, str]] = []
    for name, section in SECTIONS.items():
        rows = [(option.name.partition(".")[2], option.doc) for option in section.options()]
        fragments += [("class:heading", name + "\n"), *_rows(rows, front_end.columns)]
    line = ",set NAME VALUE changes one until you leave; `repl-connect config path` is the file."
    fragments.append(("class:note", _wrapped(line, front_end.columns)))
    front_end.say(fragments)


def _rows(rows: list[tuple[str, str]], columns: int) -> Iterator[tuple[str, str]]:
    """What is typed, and beside it or below it what that does."""
    for name, doc in rows:
        if columns < _NARROW:
            yield "", _wrapped(name, columns, "  ")
            yield "class:note", _wrapped(doc, columns, "    ")
            continue
        indent = " " * (_WIDEST + 4)
        below = _wrapped(doc, columns, indent)
        if len(name) > _WIDEST:
            yield "", f"  {name}\n"
            yield "class:note", below
        else:
            yield "", f"  {name:<{_WIDEST}}  "
            yield "class:note", below[len(indent) :]


def _wrapped(text: str, columns: int, indent: str = "") -> str:
    width = max(columns - 1, 12)
    wrapped = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(wrapped) + "\n"


def _complete(argument: str) -> Iterator[str]:
    from repl_connect.prompt.commands.table import COMMANDS

    names = [name for command in COMMANDS for name in command.all_names]
    yield from (name for name in (*_TOPICS, *names) if name.startswith(argument))


HELP: Final = (
    Command(
        names=("help",),
        argument="[NAME|keys|settings]",
        doc="these lines; or more about one command",
        run=_help,
        example=",help keys",
        complete=_complete,
    ),
)
