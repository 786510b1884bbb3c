"""The connection: facts, making it again, and the log of what goes over it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from repl_connect import __version__
from repl_connect.detection.peer import peer_of
from repl_connect.dialects import DIALECTS
from repl_connect.link import Link
from repl_connect.prompt.commands.asking import connected
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import facts, line_of
from repl_connect.prompt.commands.times import ago
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.prompt.showing.values import write_file
from repl_connect.prompt.wire_log import WireLog
from repl_connect.replies import text_of

__all__ = ["CONNECTION"]

_OWN: Final = "repl-server/"
_NO_NAME: Final = "repl-connect-no-such-name"
_ROUNDS: Final = 3  # in one of them the prompt may be drawn
_SHOWN: Final = 20  # messages of the log, if no number is given
_LOG_WORDS: Final = ("on", "off", "save")


def _show_facts(front_end: FrontEnd, _: str) -> None:
    """Everything known, with the shortest time that a question takes now.

    A completion, where there is one: what is adapted here answers `describe` itself, and of what
    has no completions the time is not told.
    """
    link = connected(front_end)
    if link is None:
        return
    session = link.session
    times: list[float] = []
    begun = time.monotonic()

    def ask() -> None:
        if session.supports("completions"):
            session.complete(_NO_NAME, _NO_NAME, answered)
        else:
            session.request({"op": "describe"}, answered)

    def answered(_: object) -> None:
        nonlocal begun
        times.append(time.monotonic() - begun)
        if len(times) == _ROUNDS:
            front_end.say(facts(front_end.columns, _known(front_end, link, min(times))))
        else:
            begun = time.monotonic()
            ask()

    ask()


def _known(front_end: FrontEnd, link: Link, took: float) -> Iterator[tuple[str, str]]:
    session = link.session
    description = session.description
    aux: Mapping[str, Any] = description.aux if description is not None else {}
    greeting = description.greeting if description is not None else ""
    yield "address", front_end.address
    mode = text_of(aux.get(_OWN + "mode"))
    yield "program", ", ".join(filter(None, (link.greeting or greeting, mode)))
    yield "process", _process(link)
    yield "found out", "; ".join(link.evidence)
    since = front_end.state.connected_at
    if since:
        moment = time.strftime("%H:%M:%S", time.localtime(since))
        yield "connected", f"since {moment} ({ago(int(since * 1000))})"
    yield "session", session.user or "none: this server has no sessions"
    yield "completion", f"session {session.tool}" if session.tool else ""
    yield "namespace", session.namespace or ""
    measured = session.supports("completions") or DIALECTS[link.dialect].native
    yield "round trip", f"{took * 1000:.2f} ms" if measured else ""
    if description is not None:
        ops = sorted(description.ops)
        yield "ops", " ".join(op for op in ops if not op.startswith(_OWN))
        yield _OWN, " ".join(op.removeprefix(_OWN) for op in ops if op.startswith(_OWN))
    yield "limits", ", ".join(_limits(aux.get(_OWN + "limits")))
    yield "client", f"repl-connect {__version__}"


def _limits(limits: object, before: str = "") -> Iterator[str]:
    for name, value in limits.items() if isinstance(limits, dict) else ():
        if isinstance(value, dict) and not before:
            yield from _limits(value, f"{name} ")
        elif isinstance(value, int):
            yield f"{before}{name} {value:,}"


def _process(link: Link) -> str:
    """The process at the other end, if it is one of this machine."""
    try:
        with socket.socket(fileno=os.dup(link.fileno())) as stream:
            peer = peer_of(stream)
    except OSError:
        return ""
    return f"{peer.pid} ({peer.program})" if peer is not None else ""


def _show_version(front_end: FrontEnd, _: str) -> None:
    link = front_end.link
    description = link.session.description if link is not None else None
    there = f"; there: {line_of(description.greeting)}" if description is not None else ""
    front_end.note(f"repl-connect {__version__}{there}.")


def _reconnect(front_end: FrontEnd, argument: str) -> None:
    if not argument:
        front_end.reconnect()
    elif argument == "stop":
        front_end.stop_reconnecting()
    else:
        front_end.problem(",reconnect connects again now, ,reconnect stop stops trying.")


def _log(front_end: FrontEnd, argument: str) -> None:
    state = front_end.state
    word, _, path = argument.partition(" ")
    if word == "on" and not path:
        _switch_on(front_end)
    elif word == "off" and not path:
        state.logging = False
        if front_end.link is not None:
            front_end.link.trace = None
        front_end.note("The wire is not logged any more. What was logged stays for now.")
    elif state.wire_log is None:
        front_end.note("The wire is not logged. ,log on begins.")
    elif word == "save" and path.strip():
        _save(front_end, state.wire_log, path.strip())
    elif not word or (word.isdecimal() and not path):
        _show_log(front_end, state.wire_log, int(word[:9]) if word else _SHOWN)
    else:
        front_end.problem(",log takes: on, off, a number of messages, or save FILE.")


def _switch_on(front_end: FrontEnd) -> None:
    state, log = front_end.state, front_end.settings.log
    if state.wire_log is None or not state.logging:
        state.wire_log = WireLog(log.messages, log.message_bytes)
    state.logging = True
    if front_end.link is not None:
        front_end.link.trace = state.wire_log.record
    front_end.note(
        f"The last {log.messages:,} messages are logged from now on, {log.message_bytes:,} bytes "
        "of each (log.messages, log.message_bytes). ,log shows them."
    )


def _show_log(front_end: FrontEnd, log: WireLog, count: int) -> None:
    shown = log.last(count)
    if not shown:
        front_end.note("Nothing went over the wire since the log was switched on.")
        return
    fragments = [("class:note" if each.sent else "", each.line + "\n") for each in shown]
    left = len(log) - len(shown)
    if left:
        fragments.insert(0, ("class:note", f"… {left:,} before: ,log {len(log)} shows them all.\n"))
    front_end.say(fragments)


def _save(front_end: FrontEnd, log: WireLog, path: str) -> None:
    lines = [each.line + "\n" for each in log.last(len(log))]
    try:
        target = write_file(path, "".join(lines).encode("utf-8", "replace"))
    except OSError as error:
        front_end.problem(f"{line_of(path)}: {error.strerror}.")
        return
    before = f" {log.forgotten:,} before them are not kept." if log.forgotten else ""
    front_end.note(f"{len(lines):,} messages are in {line_of(target)}.{before}")


def _complete_log(argument: str) -> Iterator[str]:
    if argument.startswith("save "):
        from repl_connect.prompt.commands.paths import complete_path

        yield from complete_path(argument)
    else:
        yield from (word for word in _LOG_WORDS if word.startswith(argument))


CONNECTION: Final = (
    Command(
        names=("connection", "info"),
        doc="who is there, how far away, what it can do",
        run=_show_facts,
    ),
    Command(names=("version",), doc="the versions of both sides", run=_show_version),
    Command(
        names=("reconnect",),
        argument="[stop]",
        doc="connect again now; or stop trying",
        run=_reconnect,
        more="What was under way when the connection was lost is never sent again.",
        complete=lambda typed: ["stop"] if "stop".startswith(typed) else [],
    ),
    Command(
        names=("log",),
        argument="[on|off|N|save FILE]",
        doc="the messages that went and came; off at first",
        run=_log,
        more="--> is what went, <-- what came. How much is kept is bounded by the settings "
        "log.messages and log.message_bytes. Tokens are left out.",
        example=",log save wire.txt",
        complete=_complete_log,
    ),
)
