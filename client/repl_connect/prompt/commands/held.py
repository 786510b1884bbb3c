"""Errors of the program that are held until somebody says how to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from repl_connect.escapes import visible
from repl_connect.prompt.commands.asking import ask, chosen, connected, session_of
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import beginning, line_of, table
from repl_connect.prompt.commands.times import ago
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import maps_of, refusal_of, statuses_of
from repl_connect.session import Done, Event, Output

__all__ = ["HELD", "held_notice"]

_RESTARTS: Final = ("retry", "continue", "abort")
_FRAMES: Final = 50  # of very many the middle ones are not sent, so those above have other numbers
_NONE: Final = "No error is held."


def held_notice(output: Output) -> list[tuple[str, str]]:
    """What is shown when the program is held: what failed, and what to type.

    `output` is the text that tells of it; the last line of that is for clients without commands.
    """
    what, _, how = visible(output.text).rstrip("\n").rpartition("\n")
    if not what:
        what, how = how, ""
    restarts = [f",{name}" for name in _RESTARTS if not how or f'"{name}"' in how]
    ident = line_of(output.held)
    words = f"Mend it, then {restarts[0] if restarts else ',retry'}"
    if restarts[1:]:
        words += f" (or {', '.join(restarts[1:])})"
    return [
        ("class:problem", what + "\n"),
        ("class:note", f"{words}. ,held {ident} shows where it is.\n"),
    ]


def _held(front_end: FrontEnd, text: str) -> None:
    def listed(held: list[dict[str, Any]]) -> None:
        if not held:
            front_end.note(_NONE)
        elif text:
            _with(front_end, held, text, lambda each: _show_one(front_end, each))
        else:
            _show_all(front_end, held)

    _ask(front_end, listed)


def _show_all(front_end: FrontEnd, held: list[dict[str, Any]]) -> None:
    rows = [
        (
            each.get("id"),
            each.get("name"),
            ago(each.get("since")),
            " ".join(_typed("", name) for name in _texts(each.get("restarts"))),
            f"{line_of(each.get('ex'))}: {line_of(each.get('message'))}",
        )
        for each in held
    ]
    front_end.say(table(front_end.columns, ("id", "failed", "when", "restarts", "error"), rows))


def _show_one(front_end: FrontEnd, held: dict[str, Any]) -> None:
    """Its traceback, its frames by the numbers that ,frame takes, and its restarts."""
    shown, remark = beginning(str(held.get("err") or ""), "the program's own log has them")
    fragments = [("class:err", shown if shown.endswith("\n") else shown + "\n")]
    if remark:
        fragments.append(("class:note", remark + "\n"))
    frames = maps_of(held.get("frames"))
    rows = [
        (number, frame.get("name"), f"{line_of(frame.get('file'))}:{line_of(frame.get('line'))}")
        for number, frame in enumerate(reversed(frames[-_FRAMES:]))
    ]
    fragments += table(front_end.columns, ("frame", "in", "at"), rows)
    ident = line_of(held.get("id"))
    commands = ", ".join(_typed(ident, name) for name in _texts(held.get("restarts")))
    fragments.append(("class:note", f"{commands}; ,frame {ident} 0 CODE evaluates in a frame.\n"))
    front_end.say(fragments)


def _typed(ident: str, restart: str) -> str:
    """What is typed to choose it. The program may have others than those that are commands."""
    words = (f",{restart}", ident) if restart in _RESTARTS else (",restart", ident, restart)
    return " ".join(filter(None, words))


def _restart_named(front_end: FrontEnd, argument: str) -> None:
    """`,restart [ID] NAME [VALUE]`: any restart that the error has."""

    def listed(held: list[dict[str, Any]]) -> None:
        words = argument.split(None, 2)
        found = [each for each in held if str(each.get("id")) in words[:1]]
        if not held:
            front_end.note(_NONE)
            return
        if not found:
            found, words = held[-1:], ["", *argument.split(None, 1)]
        names = _texts(found[0].get("restarts"))
        if len(words) < 2 or words[1] not in names:
            front_end.problem(
                f"It has the restarts {', '.join(names)}: ,restart [ID] NAME [VALUE]."
            )
            return
        _choose(front_end, words[1], str(found[0].get("id")), "".join(words[2:]))

    _when_idle(front_end, lambda: _ask(front_end, listed))


def _restart(how: str) -> Callable[[FrontEnd, str], None]:
    """What runs for `,retry`, `,continue` or `,abort`: with an id, or else the newest error."""

    def run(front_end: FrontEnd, argument: str) -> None:
        def listed(held: list[dict[str, Any]]) -> None:
            first, _, rest = argument.partition(" ")
            idents = [str(each.get("id")) for each in held]
            if not held:
                front_end.note(_NONE)
            elif first in idents:
                _choose(front_end, how, first, rest.strip())
            elif argument and how != "continue":
                front_end.problem(f"No error {line_of(argument)} is held. ,held lists them.")
            else:
                _choose(front_end, how, idents[-1], argument)

        _when_idle(front_end, lambda: _ask(front_end, listed))

    return run


def _when_idle(front_end: FrontEnd, action: Callable[[], None]) -> None:
    """Once what was typed before has ended: a choice must not overtake what mends the error."""
    running = front_end.link.session.running if front_end.link is not None else []
    if not running:
        action()
        return
    last = running[-1]
    shown = last.on_event

    def happened(event: Event) -> None:
        shown(event)
        if isinstance(event, Done) and not event.lost:
            action()

    last.on_event = happened


def _choose(front_end: FrontEnd, how: str, ident: str, value: str) -> None:
    """Send the choice. A value is evaluated there first: what comes of that is shown too."""
    if value and how in ("retry", "abort"):
        front_end.problem(f",{how} takes no value; ,continue does.")
        return
    session = session_of(front_end, "repl-server/restart")
    if session is None:
        return
    failed = False

    def replied(reply: dict[str, Any]) -> None:
        nonlocal failed
        statuses = statuses_of(reply)
        if "error" in statuses:
            failed = True
            front_end.problem(line_of(refusal_of(reply, "would not")))
            return
        for key, newline in (("out", ""), ("err", ""), ("value", "\n")):
            text = reply.get(key)
            if isinstance(text, str) and text:
                front_end.say([(f"class:{key}", visible(text) + newline)])
        failed = failed or "eval-error" in statuses
        if "done" in statuses:
            end = "is held still" if failed or "interrupted" in statuses else how
            front_end.note(f"{line_of(ident)}: {end}.")

    message: dict[str, object] = {"op": "repl-server/restart", "held": ident, "restart": how}
    if value:
        message |= {"value": value, "session": session.user}
    session.request(message, replied)


def _frame(front_end: FrontEnd, argument: str) -> None:
    words = argument.split(None, 2)
    if words and words[0].isdecimal():  # the newest error's
        number, code = words[0], argument[len(words[0]) :].strip()
        _ask(front_end, lambda held: _in_newest(front_end, held, number, code))
    elif len(words) == 3 and words[1].isdecimal():
        _evaluate_in(front_end, words[0], words[1], words[2])
    else:
        front_end.problem(",frame [ID] N CODE: the error, its frame (0 is the innermost), code.")


def _in_newest(front_end: FrontEnd, held: list[dict[str, Any]], number: str, code: str) -> None:
    if not held:
        front_end.note(_NONE)
    elif not code:
        front_end.problem(f",frame {number} CODE: say what to evaluate there.")
    else:
        _evaluate_in(front_end, str(held[-1].get("id")), number, code)


def _evaluate_in(front_end: FrontEnd, ident: str, number: str, code: str) -> None:
    if session_of(front_end, "repl-server/held") is not None:
        front_end.evaluate(
            code, more={"repl-server/held": ident, "repl-server/frame": int(number[:9])}
        )


def _ask(front_end: FrontEnd, then: Callable[[list[dict[str, Any]]], None]) -> None:
    if connected(front_end) is not None:
        message = {"op": "repl-server/held"}
        ask(front_end, message, lambda reply: then(maps_of(reply.get("held"))))


def _with(
    front_end: FrontEnd,
    held: list[dict[str, Any]],
    text: str,
    then: Callable[[dict[str, Any]], None],
) -> None:
    found = chosen(front_end, text, (str(each.get("id")) for each in held), "held error")
    for each in held:
        if each.get("id") == found:
            then(each)


def _texts(value: object) -> list[str]:
    return [line_of(item) for item in value] if isinstance(value, list) else []


HELD: Final = (
    Command(
        names=("held",),
        needs="repl-server/held",
        argument="[ID]",
        doc="the errors that hold the program; ID: one",
        run=_held,
        more="An error in what the program has made continuable stops it there, until somebody "
        "chooses ,retry, ,continue or ,abort.",
    ),
    Command(
        names=("retry",),
        needs="repl-server/restart",
        argument="[ID]",
        doc="call what failed again, as it is by now",
        run=_restart("retry"),
        more="Without ID it is the newest error. Mend the function first.",
    ),
    Command(
        names=(),
        other_names=("continue",),
        needs="repl-server/restart",
        argument="[ID] [VALUE]",
        doc="go on after what failed; VALUE: its result",
        run=_restart("continue"),
        example=",continue h1 default_config()",
    ),
    Command(
        names=("abort",),
        needs="repl-server/restart",
        argument="[ID]",
        doc="raise the error in the program after all",
        run=_restart("abort"),
    ),
    Command(
        names=(),
        other_names=("restart",),
        needs="repl-server/restart",
        argument="[ID] NAME [VALUE]",
        doc="any other way to go on that ,held shows",
        run=_restart_named,
        more="A program in Common Lisp can offer ways of its own. VALUE is evaluated there.",
        example=",restart h1 use-value 42",
    ),
    Command(
        names=(),
        other_names=("frame",),
        needs="repl-server/held",
        argument="[ID] N CODE",
        doc="evaluate in a held error's frame; 0: innermost",
        run=_frame,
        more="Local variables have the values they had when it failed.",
        example=",frame 0 (x, y)",
    ),
)
