"""Asking the other side for what a command is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from repl_connect.link import Link
from repl_connect.prompt.commands.rows import line_of
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import refusal_of, statuses_of
from repl_connect.session import Session

__all__ = ["ask", "chosen", "connected", "session_of"]


def connected(front_end: FrontEnd) -> Link | None:
    """The connection; if there is none, the user has been told."""
    link = front_end.link
    if link is None or not link.session.ready:
        front_end.problem("Not connected. ,reconnect connects again.")
        return None
    return link


def session_of(front_end: FrontEnd, op: str) -> Session | None:
    """Our session, if the other side answers this op; if not, the user has been told."""
    link = connected(front_end)
    if link is None:
        return None
    if not link.session.supports(op):
        whose = (
            " (a Python program with repl_server has it)" if op.startswith("repl-server/") else ""
        )
        front_end.problem(f"The program at {line_of(front_end.address)} has no op {op}{whose}.")
        return None
    return link.session


def ask(
    front_end: FrontEnd,
    message: Mapping[str, object],
    on_reply: Callable[[dict[str, Any]], None],
) -> None:
    """Send a request; `on_reply` gets the reply that ends it, unless it is a refusal.

    A refusal, an op that the other side has not, no connection: the user is told.
    """
    session = session_of(front_end, str(message["op"]))
    if session is None:
        return

    def replied(reply: dict[str, Any]) -> None:
        statuses = statuses_of(reply)
        if "error" in statuses or "unknown-op" in statuses:
            front_end.problem(line_of(refusal_of(reply, "refused it")))
        elif "done" in statuses:
            on_reply(reply)

    session.request(message, replied)


def chosen(front_end: FrontEnd, text: str, idents: Iterable[str], what: str) -> str | None:
    """The id that is meant by a part of it; if it can't be told which, the user has been told.

    The whole id, its beginning, or what follows its last hyphen will do. `what` is said of it:
    `job`.
    """
    known = list(dict.fromkeys(idents))
    if text in known:
        return text
    found = [ident for ident in known if ident.rpartition("-")[2] == text and "-" in ident]
    found = found or [ident for ident in known if ident.startswith(text)]
    if len(found) == 1:
        return found[0]
    shown = line_of(text)
    if not found:
        front_end.problem(f"There is no {what} {shown}.")
    else:
        some = ", ".join(line_of(ident) for ident in found[:5])
        front_end.problem(f"{shown} is the beginning of {len(found)} {what}s: {some}.")
    return None
