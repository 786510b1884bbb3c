"""Reading the replies of nREPL servers, which differ in the shapes they give the same things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from repl_connect.events import Candidate, Completions, Description, Failed, Frame
from repl_server.wire import Message

__all__ = [
    "ENDED",
    "answer_with",
    "completions_of",
    "description_of",
    "failure_of",
    "is_last",
    "line_number",
    "maps_of",
    "refusal_of",
    "shown_value",
    "statuses_of",
    "text_of",
]

ENDED: Final = frozenset({"finished", "failed", "cancelled"})
"""The states of jobs that have ended."""

_MOST_LINES: Final = 2**31
_OWN_WORDS: Final = {
    "namespace-not-found": "There is no such namespace there.",
    "unknown-session": "The session is gone on the other side: reconnect.",
    "no-code": "There was no code to evaluate.",
}


def text_of(value: object) -> str | None:
    """The value, if it is text and not empty."""
    return value if isinstance(value, str) and value else None


def maps_of(value: object) -> list[dict[str, Any]]:
    """The maps of a list in a reply, whatever else it may hold."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_NONE: Final[frozenset[str]] = frozenset()
_DONE: Final = frozenset({"done"})
_LAST: Final = frozenset({"done", "error"})


def statuses_of(message: Message) -> frozenset[str]:
    """The statuses of a reply: a list, or one by itself."""
    status = message.get("status")
    if status == ["done"]:
        return _DONE
    if not status:
        return _NONE
    if isinstance(status, str):
        return frozenset({status})
    if not isinstance(status, list | tuple):
        return _NONE
    return frozenset(item for item in status if isinstance(item, str))


def is_last(message: Message) -> bool:
    """Whether no more replies come to this request: some servers end in errors without `done`."""
    return not statuses_of(message).isdisjoint(_LAST)


def answer_with(key: str, handler: Callable[[Message], None]) -> Callable[[Message], None]:
    """`handler` for the one reply that matters: the first that has `key`, or else the last.

    Some servers say `done` in a reply of its own, some twice, some never.
    """
    answered = False

    def handle(reply: Message) -> None:
        nonlocal answered
        if not answered and (key in reply or is_last(reply)):
            answered = True
            handler(reply)

    return handle


def shown_value(value: object) -> str:
    """A value as text, which it should be on the wire and is not always."""
    return value if isinstance(value, str) else repr(value)


def refusal_of(message: Message, otherwise: str) -> str:
    """In words, why a request was refused."""
    for key in ("err", "message"):
        text = text_of(message.get(key))
        if text is not None:
            return text.strip()
    statuses = statuses_of(message) - {"done", "error"}
    namespace = text_of(message.get("ns"))
    if "namespace-not-found" in statuses and namespace is not None:
        return f"There is no namespace {namespace} there."
    for status in statuses:
        if status in _OWN_WORDS:
            return _OWN_WORDS[status]
    return f"The other side {otherwise}: {', '.join(sorted(statuses)) or 'no reason given'}."


def completions_of(reply: Message, symbol: int) -> Completions:
    """The candidates in a reply, which replace `symbol` characters if it does not say how many."""
    found = reply.get("completions")
    replaces = reply.get("repl-server/replaces")
    return Completions(
        tuple(
            Candidate(
                text=item["candidate"],
                type=text_of(item.get("type")),
                namespace=text_of(item.get("ns")),
                arguments=_arguments(item.get("arglists")),
                doc=text_of(item.get("doc")),
            )
            for item in (found if isinstance(found, list) else [])
            if isinstance(item, dict) and isinstance(item.get("candidate"), str)
        ),
        max(replaces, 0) if isinstance(replaces, int) else symbol,
    )


def _arguments(told: object) -> str | None:
    """A function's arguments as text, of a list of them (one for each arity) or text."""
    if isinstance(told, list):
        return " ".join(item for item in told if isinstance(item, str)) or None
    return text_of(told)


def failure_of(message: Message) -> Failed:
    """The error that a reply tells of."""
    frames = message.get("repl-server/frames", ())
    return Failed(
        type=text_of(message.get("ex")) or "error",
        message=text_of(message.get("repl-server/message")),
        frames=tuple(
            Frame(
                name=text_of(frame.get("name")) or "?",
                file=text_of(frame.get("file")),
                line=line_number(frame.get("line")),
            )
            for frame in (frames if isinstance(frames, list) else ())
            if isinstance(frame, dict)
        ),
    )


def line_number(told: object) -> int | None:
    """The number of a line or a column, from 1; None for what can't be one."""
    return told if isinstance(told, int) and 0 < told < _MOST_LINES else None


def description_of(reply: Message) -> Description:
    """Read `describe`: `ops` as map (deployed) or list (the draft), versions of any shape."""
    ops = reply.get("ops")
    versions: dict[str, str] = {}
    told = reply.get("versions")
    for name, version in told.items() if isinstance(told, dict) else ():
        if isinstance(version, dict):
            words = version.get("version-string") or ".".join(
                str(version[part]) for part in ("major", "minor", "incremental") if part in version
            )
            versions[name] = str(words)
        elif isinstance(version, str):
            versions[name] = version
    aux = reply.get("aux")
    return Description(
        ops=frozenset(
            op for op in (ops if isinstance(ops, dict | list) else ()) if isinstance(op, str)
        ),
        versions=versions,
        aux=aux if isinstance(aux, dict) else {},
    )
