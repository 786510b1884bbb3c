"""`,set`: the settings, as they are and as they shall be until the prompt is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from repl_connect.errors import UsageError
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import facts, line_of, table
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.settings import option_name, shown, with_setting
from repl_connect.settings.options import OPTIONS

__all__ = ["SETTINGS"]


def _set(front_end: FrontEnd, argument: str) -> None:
    name, _, value = argument.partition(" ")
    value = value.strip().removeprefix("=").strip()
    try:
        if not name:
            _show_all(front_end)
        elif value:
            _change(front_end, name.rstrip("="), value)
        else:
            _show(front_end, option_name(name))
    except UsageError as error:
        front_end.problem(line_of(str(error)))


def _show_all(front_end: FrontEnd) -> None:
    rows = [
        (each.name, each.value, "" if each.origin == "default" else each.origin)
        for each in shown(front_end.settings)
    ]
    front_end.say(
        [
            *table(front_end.columns, ("setting", "value", "from"), rows),
            ("class:note", ",set NAME tells more of one, ,set NAME VALUE changes it.\n"),
        ]
    )


def _show(front_end: FrontEnd, name: str) -> None:
    option = OPTIONS[name]
    present = next(each for each in shown(front_end.settings) if each.name == name)
    pairs = (
        (name, present.value),
        ("from", present.origin),
        ("what", option.doc),
        ("takes", option.takes),
    )
    front_end.say(facts(front_end.columns, pairs))


def _change(front_end: FrontEnd, name: str, value: str) -> None:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    changed = with_setting(front_end.settings, name, value)
    whole = option_name(name)
    if OPTIONS[whole].at_start:
        raise UsageError(
            f"{whole} is used when the client starts: set it in the file that "
            "`repl-connect config path` names."
        )
    front_end.apply(changed)
    _told(front_end, whole)


def _told(front_end: FrontEnd, name: str) -> None:
    present = next(each for each in shown(front_end.settings) if each.name == name)
    front_end.note(f"{name} = {line_of(present.value)} until you leave.")


def _complete(argument: str) -> Iterator[str]:
    name, space, typed = argument.partition(" ")
    if not space:
        yield from (each for each in OPTIONS if each.startswith(name))
        return
    option = OPTIONS.get(name)
    if option is not None:
        known = option.choices or (("true", "false") if isinstance(option.default, bool) else ())
        yield from (each for each in known if each.startswith(typed))


SETTINGS: Final = (
    Command(
        names=("set",),
        argument="[NAME [VALUE]]",
        doc="show the settings, or change one for now",
        run=_set,
        more="The section may be left out where the name is clear. To keep a setting write it "
        "into the file that `repl-connect config path` names.",
        example=",set prompt.theme dark",
        complete=_complete,
    ),
)
