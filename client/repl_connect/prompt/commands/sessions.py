"""Namespaces and sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from repl_connect.prompt.commands.asking import ask, chosen, connected, session_of
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import facts, line_of, table
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import maps_of
from repl_connect.session import Session

__all__ = ["SESSIONS"]

_WORDS: Final = ("new", "clone", "use", "close")


def _enter_namespace(front_end: FrontEnd, name: str) -> None:
    if name:
        front_end.enter_namespace(name)
        return
    link = connected(front_end)
    if link is not None:
        namespace = line_of(link.session.namespace) or "one that is not known yet"
        front_end.note(f"Evaluates in {namespace}. ,ns NAME goes to another.")


def _list(front_end: FrontEnd, _: str) -> None:
    """All sessions, with their owners where the other side knows them."""
    session = session_of(front_end, "ls-sessions")
    if session is None:
        return

    def listed(reply: dict[str, Any]) -> None:
        idents = _texts(reply.get("sessions"))
        if session.supports("repl-server/clients"):
            ask(
                front_end,
                {"op": "repl-server/clients"},
                lambda clients: _show(front_end, session, idents, _owners(clients)),
            )
        else:
            _show(front_end, session, idents, {})

    ask(front_end, {"op": "ls-sessions"}, listed)


def _owners(reply: dict[str, Any]) -> dict[str, str]:
    owners: dict[str, str] = {}
    for client in maps_of(reply.get("clients")):
        name = " ".join(line_of(client.get(key)) for key in ("client", "name")).strip()
        for ident in _texts(client.get("sessions")):
            owners[ident] = f"{owners[ident]}, {name}" if ident in owners else name
    return owners


def _show(front_end: FrontEnd, session: Session, idents: list[str], owners: dict[str, str]) -> None:
    ours: dict[str | None, str] = dict.fromkeys(session.opened, "yours")
    ours |= {session.user: "you evaluate in it", session.tool: "yours, for completion"}
    rows = [("*" if i == session.user else "", i, ours.get(i) or owners.get(i, "")) for i in idents]
    rows.sort(key=lambda row: row[1] not in ours)
    # An id is 36 characters: on a narrow terminal its beginning will do for ,session use.
    front_end.say(table(front_end.columns, ("", "session", "whose"), rows))


def _session(front_end: FrontEnd, argument: str) -> None:
    link = connected(front_end)
    if link is None:
        return
    session = link.session
    word, _, ident = argument.partition(" ")
    ident = ident.strip()
    if not word:
        _show_ours(front_end, session)
    elif word in ("new", "clone") and not ident:
        _open(front_end, session, copy=word == "clone")
    elif word == "use" and ident:
        _with_ident(front_end, session, ident, lambda found: _use(front_end, session, found))
    elif word == "close" and not ident:
        _close_ours(front_end, session)
    elif word == "close":
        _with_ident(front_end, session, ident, lambda found: _close(front_end, session, found))
    else:
        front_end.problem(",session takes: new, clone, use ID, close or close ID.")


def _show_ours(front_end: FrontEnd, session: Session) -> None:
    pairs = (
        ("session", session.user or "none: this server has no sessions"),
        ("completion", session.tool),
        ("namespace", session.namespace),
    )
    front_end.say(facts(front_end.columns, pairs))


def _open(
    front_end: FrontEnd, session: Session, *, copy: bool, then: Callable[[], None] | None = None
) -> None:
    if session_of(front_end, "clone") is None:
        return
    before, namespace = session.user, session.namespace

    def opened(ident: str | None) -> None:
        if ident is None:
            front_end.problem("The other side opened no session.")
            return
        front_end.use_session(ident)
        if copy and namespace and namespace != session.namespace:
            front_end.enter_namespace(namespace)  # nREPL 1.0 copies everything else
        what = "A copy of the session" if copy else "A new session"
        back = f" ,session use {_short(before)} goes back." if before and then is None else ""
        front_end.note(f"{what}: {line_of(ident)}.{back}")
        if then is not None:
            then()

    session.open(opened, copy=copy)


def _use(front_end: FrontEnd, session: Session, ident: str) -> None:
    if ident == session.user:
        front_end.note("You evaluate in it already.")
    elif ident == session.tool:
        front_end.problem("That session is the one for completion. ,session new opens another.")
    else:
        front_end.use_session(ident)
        front_end.note(f"Evaluates in session {line_of(ident)} from now on.")


def _close(front_end: FrontEnd, session: Session, ident: str) -> None:
    if ident == session.user:
        _close_ours(front_end, session)
    elif ident == session.tool:
        front_end.problem("That session is the one for completion: it stays.")
    else:
        ask(
            front_end,
            {"op": "close", "session": ident},
            lambda _: front_end.note(f"Session {line_of(ident)} is closed."),
        )


def _close_ours(front_end: FrontEnd, session: Session) -> None:
    """Close the session we are in; a new one is opened before, as there has to be one."""
    before = session.user
    if before is not None:
        _open(front_end, session, copy=False, then=lambda: _close(front_end, session, before))


def _with_ident(
    front_end: FrontEnd, session: Session, text: str, then: Callable[[str], None]
) -> None:
    def listed(reply: dict[str, Any]) -> None:
        found = chosen(front_end, text, _texts(reply.get("sessions")), "session")
        if found is not None:
            then(found)

    if session.supports("ls-sessions"):
        ask(front_end, {"op": "ls-sessions"}, listed)
    else:
        then(text)


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _short(ident: str) -> str:
    return line_of(ident[:8])


def _complete(argument: str) -> Iterator[str]:
    if " " not in argument:
        yield from (word for word in _WORDS if word.startswith(argument))


SESSIONS: Final = (
    Command(
        names=("ns",),
        other_names=("in",),
        argument="[NAME]",
        doc="the namespace or module to evaluate in",
        run=_enter_namespace,
        more="Without a name it says where one is.",
    ),
    Command(names=("sessions",), doc="the sessions open there, and whose they are", run=_list),
    Command(
        names=("session",),
        argument="[new|clone|use|close]",
        doc="show, open, copy, change or close sessions",
        run=_session,
        more="`use ID` goes to another session, `close` or `close ID` ends one. Each has its own "
        "history of values, queue and input. The beginning of an ID will do.",
        example=",session new",
        complete=_complete,
    ),
)
