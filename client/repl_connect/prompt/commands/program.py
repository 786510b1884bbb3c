"""The program over time: who is connected, what changes, what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from repl_connect.prompt.commands.asking import ask, connected, session_of
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.jobs import short
from repl_connect.prompt.commands.rows import beginning, cut, line_of, table
from repl_connect.prompt.commands.state import Watch
from repl_connect.prompt.commands.times import ago
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import maps_of, refusal_of, statuses_of

__all__ = ["PROGRAM"]

_SECONDS: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)s?\s+(\S.*)", re.DOTALL)
_KINDS: Final = ("clients", "jobs", "errors")


def _who(front_end: FrontEnd, _: str) -> None:
    def told(reply: dict[str, Any]) -> None:
        ours = reply.get("client")
        rows = [
            (
                "*" if client.get("client") == ours else "",
                client.get("client"),
                " ".join(line_of(client.get(key)) for key in ("name", "version")),
                client.get("address"),
                ago(client.get("since")),
                _sessions(client.get("sessions")),
            )
            for client in maps_of(reply.get("clients"))
        ]
        heads = ("", "id", "name", "from", "since", "sessions")
        front_end.say([*table(front_end.columns, heads, rows), ("class:note", "* is you.")])

    ask(front_end, {"op": "repl-server/clients"}, told)


def _sessions(value: object) -> str:
    found = value if isinstance(value, list) else []
    return " ".join(str(ident)[:8] for ident in found[:10])


# Watches.


def _watch(front_end: FrontEnd, argument: str) -> None:
    if not argument:
        _list_watches(front_end)
        return
    match = _SECONDS.fullmatch(argument)
    if match is None:
        front_end.problem(",watch SECONDS CODE: how often, then what to evaluate: ,watch 1 x.")
        return
    if front_end.is_plain:
        front_end.problem("A watch needs the prompt: there is nowhere to show its values here.")
        return
    session = session_of(front_end, "repl-server/watch")
    if session is None:
        return
    every, code = match[1], match[2]
    watches = front_end.state.watches
    number = max(watches, default=0) + 1

    def replied(reply: dict[str, Any]) -> None:
        _show_turn(front_end, number, reply)
        statuses = statuses_of(reply)
        if "done" not in statuses:
            return
        if watches.pop(number, None) is not None and "error" not in statuses:
            front_end.note(f"Watch {number} has ended.")

    message = {"op": "repl-server/watch", "code": code, "every": every, "changes": 1}
    request = session.request(
        {**message, "session": session.user, "ns": session.namespace}, replied
    )
    watches[number] = Watch(request, every, code)
    front_end.note(f"Watch {number}: shown when it changes. ,unwatch {number} ends it.")


def _show_turn(front_end: FrontEnd, number: int, reply: dict[str, Any]) -> None:
    """What a turn of a watch brought, each part with the watch's number."""
    if "error" in statuses_of(reply):
        front_end.problem(f"Watch {number}: {line_of(refusal_of(reply, 'refused it'))}")
        return
    for key, style in (("out", "class:out"), ("err", "class:err"), ("value", "class:value")):
        text = reply.get(key)
        if isinstance(text, str) and text:
            shown, remark = beginning(text, "evaluate it to see them")
            fragments = [("class:label", f"[watch {number}] "), (style, shown.rstrip("\n") + "\n")]
            if remark:
                fragments.append(("class:note", remark + "\n"))
            front_end.say(fragments)
    dropped = reply.get("repl-server/dropped")
    if isinstance(dropped, int):
        front_end.note(f"Watch {number}: {dropped:,} turns before this one were not sent.")


def _list_watches(front_end: FrontEnd) -> None:
    watches = front_end.state.watches
    if not watches:
        front_end.note("Nothing is watched. ,watch SECONDS CODE begins.")
        return
    rows = [(number, f"{watch.every} s", watch.code) for number, watch in watches.items()]
    front_end.say(table(front_end.columns, ("watch", "every", "code"), rows))


def _unwatch(front_end: FrontEnd, argument: str) -> None:
    watches = front_end.state.watches
    if argument == "all":
        numbers = list(watches)
    elif argument.isdecimal() and int(argument[:9]) in watches:
        numbers = [int(argument[:9])]
    else:
        front_end.problem(f"There is no watch {line_of(argument)}. ,watch lists them.")
        return
    if not numbers:
        front_end.note("Nothing is watched.")
    for number in numbers:
        ask(
            front_end,
            {"op": "repl-server/unwatch", "watch": watches[number].request},
            lambda _: None,
        )


# Events.


def _events(front_end: FrontEnd, argument: str) -> None:
    state = front_end.state
    if not argument:
        if state.subscription is None:
            front_end.note(
                "You are not told of events. ,events on tells of all, ,help events more."
            )
        else:
            front_end.note(f"You are told of: {', '.join(state.subscribed)}. ,events off ends it.")
    elif argument == "off":
        _unsubscribe(front_end)
    elif front_end.is_plain:
        front_end.problem("Events need the prompt: there is nowhere to show them here.")
    elif connected(front_end) is not None:
        _unsubscribe(front_end, quiet=True)
        words = argument.replace(",", " ").split()
        _subscribe(front_end, (*_KINDS, "*") if words == ["on"] else tuple(words))


def _subscribe(front_end: FrontEnd, wanted: tuple[str, ...]) -> None:
    session = session_of(front_end, "repl-server/subscribe")
    if session is None:
        return
    state = front_end.state

    def replied(reply: dict[str, Any]) -> None:
        statuses = statuses_of(reply)
        if "error" in statuses:
            state.subscription = None
            front_end.problem(line_of(refusal_of(reply, "refused it")))
        elif "repl-server/subscribed" in statuses:
            names = ", ".join("all topics" if name == "*" else name for name in wanted)
            front_end.note(f"You are told of: {line_of(names)}. ,events off ends it.")
        elif "repl-server/event" in reply:
            front_end.say(_event_line(reply, 4 * front_end.columns))

    message = {
        "op": "repl-server/subscribe",
        "events": [name for name in wanted if name in _KINDS],
        "topics": [name for name in wanted if name not in _KINDS],
    }
    state.subscription = session.request(message, replied)
    state.subscribed = wanted


def _unsubscribe(front_end: FrontEnd, *, quiet: bool = False) -> None:
    state = front_end.state
    if state.subscription is None:
        if not quiet:
            front_end.note("You are not told of events.")
        return
    message = {"op": "repl-server/unsubscribe", "subscription": state.subscription}
    state.subscription = None

    def ended(_: dict[str, Any]) -> None:
        if not quiet:
            front_end.note("You are told of events no more.")

    ask(front_end, message, ended)


def _event_line(event: dict[str, Any], cells: int) -> list[tuple[str, str]]:
    """An event as a line, its text cut to so many cells."""
    kind = line_of(event.get("repl-server/event"))
    if kind == "topic":
        label, words = line_of(event.get("topic")), line_of(event.get("text"))
    elif kind == "clients":
        who = " ".join(filter(None, (line_of(event.get(key)) for key in ("client", "name"))))
        label, words = "clients", f"{who} {line_of(event.get('what'))}"
    elif kind == "jobs":
        code = line_of(event.get("name") or event.get("code"))
        label, words = f"job {short(event.get('job'))}", f"{line_of(event.get('state'))}: {code}"
    elif kind == "errors" and event.get("what") == "ended":
        label = "errors"
        words = f"{line_of(event.get('held'))} has ended: {line_of(event.get('restart'))}"
    elif kind == "errors":
        told = ": ".join(filter(None, (line_of(event.get(key)) for key in ("ex", "message"))))
        label, words = "errors", f"{line_of(event.get('held'))} is held: {told}"
    else:
        label, words = kind, line_of(event.get("what"))
    dropped = event.get("repl-server/dropped")
    before = f"({dropped} events before this were not sent) " if dropped else ""
    return [("class:label", f"[{label}] "), ("", cut(before + words, cells))]


def _complete_events(argument: str) -> Iterator[str]:
    last = argument.rpartition(" ")[2]
    yield from (word for word in ("on", "off", *_KINDS) if word.startswith(last))


PROGRAM: Final = (
    Command(
        names=("who",), needs="repl-server/clients", doc="who is connected to the program", run=_who
    ),
    Command(
        names=("watch",),
        needs="repl-server/watch",
        argument="[SECONDS CODE]",
        doc="evaluate again and again, show what changes",
        run=_watch,
        more="The values appear above the prompt with the watch's number. Without an argument the "
        "watches are listed. Seconds from 0.05 on.",
        example=",watch 1 len(queue)",
        code_after=1,
    ),
    Command(
        names=("unwatch",),
        needs="repl-server/watch",
        argument="N|all",
        doc="end a watch, or all of them",
        run=_unwatch,
        complete=lambda typed: ["all"] if "all".startswith(typed) else [],
    ),
    Command(
        names=("events",),
        needs="repl-server/subscribe",
        argument="[on|off|KIND...]",
        doc="be told who comes, of jobs, errors, topics",
        run=_events,
        more="Kinds are clients, jobs and errors; every other word is a topic of "
        "`server.publish`, * is all of them. `on` is everything.",
        example=",events clients score",
        complete=_complete_events,
    ),
)
