"""Errors that hold the program: which there are, and how each can be gone on from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from repl_connect.conversation.conversation import Conversation
from repl_connect.escapes import visible
from repl_connect.nvim.messages import Held, Message
from repl_connect.replies import is_last, line_number, refusal_of, statuses_of

__all__ = ["announce_held", "held_words", "list_held"]

_OP: Final = "repl-server/held"
_CHOOSING: Final = "repl-server/restart"
_MOST: Final = 100  # errors, and frames of each
_WORDS: Final = 500  # characters of a message

_RESTARTS: Final = {
    "retry": "call what failed again, as it is by now",
    "continue": "go on after what failed; a value can be given for it",
    "abort": "raise the error in the program after all",
}
"""What the restarts do that most programs have. Others say it themselves."""


def held_words(text: str) -> str:
    """What has failed, of the text that tells of it: its end is for clients without commands."""
    what, _, how = text.rstrip("\n").rpartition("\n")
    return (what or how).strip()


def announce_held(
    connection: int, conversation: Conversation, tell: Callable[[Message], None]
) -> None:
    """Tell of the errors that hold the program already, if that can be asked there.

    Whoever has asked has the errors of what he evaluates held too, by the dialects that wait for
    this.
    """

    def answered(result: Mapping[str, Any]) -> None:
        for each in result["held"]:
            words = f"{each['name']} failed, and is held as {each['id']}: {each['text']}"
            tell(Held(connection=connection, held=each["id"], text=words, before=True))

    if _supported(conversation, _OP, _CHOOSING):
        list_held(conversation, answered)


def list_held(conversation: Conversation, on_result: Callable[[dict[str, Any]], None]) -> None:
    """Ask for the errors that hold the program: a map with `held`, the oldest first.

    Each has an `id`, a `name` (what failed), a `text` (the error), `frames` (innermost last, as
    those of an error), and `restarts`: maps with `name` and `text`. If it can't be asked, the map
    has a sentence as `problem`.
    """
    link = conversation.link
    if link is None:
        on_result({"held": [], "problem": "There is no connection."})
        return
    if not _supported(conversation, _OP, _CHOOSING):
        name = visible(link.name)
        on_result({"held": [], "problem": f"{name}: errors do not hold the program there."})
        return

    def replied(reply: dict[str, Any]) -> None:
        statuses = statuses_of(reply)
        if "error" in statuses:
            problem = visible(refusal_of(reply, "would not list what is held"))
            on_result({"held": [], "problem": problem})
        elif is_last(reply):
            on_result({"held": [_described(each) for each in _maps(reply.get("held"))]})

    with conversation.guarded():
        link.session.request({"op": _OP}, replied)


def _supported(conversation: Conversation, *ops: str) -> bool:
    link = conversation.link
    return link is not None and all(link.session.supports(op) for op in ops)


def _described(held: Mapping[str, Any]) -> dict[str, Any]:
    said = str(held.get("err") or "")
    restarts = held.get("restarts")
    return {
        "id": _line(held.get("id")),
        "name": _line(held.get("name")),
        "text": f"{_line(held.get('ex'))}: {_line(held.get('message'))}",
        "frames": [_frame(frame) for frame in _maps(held.get("frames"))],
        "restarts": [
            {"name": _line(name), "text": _meaning(str(name), said)}
            for name in (restarts if isinstance(restarts, list) else [])[:_MOST]
        ],
    }


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of its `name`, `file` and `line`."""
    told = {key: frame.get(key) for key in ("name", "file")}
    known: dict[str, Any] = {
        key: visible(value) for key, value in told.items() if isinstance(value, str)
    }
    line = line_number(frame.get("line"))
    return {**known, "line": line} if line is not None else known


def _meaning(restart: str, said: str) -> str:
    """What a restart does: in the program's words, if it has some."""
    found = re.search(rf"(?m)^ +{re.escape(restart)}: (.+)$", said)
    return _line(found[1]) if found is not None else _RESTARTS.get(restart, "")


def _maps(value: object) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, dict)][-_MOST:]


def _line(value: object) -> str:
    text = " ".join(visible(str(value or "")).split())
    return text if len(text) <= _WORDS else text[:_WORDS] + "…"
