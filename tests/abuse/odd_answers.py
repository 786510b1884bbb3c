"""A server that answers everything with keys that clients know, and values of any type."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from client.fakes import Talk

from repl_server.wire import Message, encode

__all__ = ["EVIL", "EVIL_PARTS", "OPS", "answers_oddly", "odd_reply"]

EVIL_PARTS: Final = (
    "\x1b]0;31337\x07",  # a title
    "\x1b]52;c;MzEzMzc=\x07",  # the clipboard
    "\x1b]8;;http://31337\x1b\\",  # a link
    "\x1b[31337;1H",
    "\x1b[?31337h",  # a mode, as the alternate screen and the mouse are
    "\x1b[31337J",
    "\x1b[31337n",  # a question, whose answer would be typed
    "\x1bP31337q\x1b\\",
    "\x1b_31337\x1b\\",
    "\x1bc",
    "\x9b31337J",
    "\x9d0;31337\x9c",
    "\x9031337q\x9c",
)
"""Sequences that a terminal would obey, in seven bits and in eight."""

EVIL: Final = "a" + "b".join(EVIL_PARTS) + "\x1b[201~\x07\r\nz"
"""All of them, and the end of what is pasted, a bell, and the start of the line."""

OPS: Final = (
    *("clone", "close", "completions", "describe", "eval", "interrupt", "load-file", "lookup"),
    *("ls-sessions", "repl-server/cancel", "repl-server/clients", "repl-server/held"),
    *("repl-server/jobs", "repl-server/restart", "repl-server/result", "repl-server/submit"),
    *("repl-server/subscribe", "repl-server/unsubscribe", "repl-server/unwatch"),
    *("repl-server/watch", "stdin", "apropos"),
)

_KEYS: Final = (
    *("address", "ago", "apropos-matches", "arglists", "arglists-str", "aux", "candidate"),
    *("choices", "client", "client-name", "clients", "code", "code-length", "column"),
    *("completions", "cooperative", "doc", "ended", "err", "error", "ex", "exception", "file"),
    *("for", "forms", "frames", "held", "host", "id", "indent", "info", "interrupt-id", "items"),
    *("job", "jobs", "keys", "kind", "label", "language", "level", "line", "machine"),
    *("message", "metrics", "name", "ns", "offset", "op", "out", "partners", "place"),
    *("position", "print", "problem", "repl-connect/label", "repl-server/cut"),
    *("repl-server/dropped", "repl-server/event", "repl-server/frames", "repl-server/held"),
    *("repl-server/hidden-frames", "repl-server/message", "repl-server/prefix"),
    *("repl-server/replaces", "repl-server/secret", "restart", "restarts", "self", "sessions"),
    *("signatures", "since", "source", "started", "state", "status", "stop", "submitted", "tags"),
    *("text", "threads", "topic", "type", "value", "values", "version", "versions", "what"),
)
_STATUSES: Final = (
    *("eval-error", "interrupted", "namespace-not-found", "no-info", "repl-server/held"),
    *("nrepl.middleware.print/truncated", "state", "session-idle", "need-input", EVIL),
)
_PLAIN: Final = (0, 1, -1, 7, -(10**30), 10**30, 2**31, "", "x", "7", EVIL, "finished", "running")


def _odd(chance: random.Random, depth: int) -> object:
    how = chance.random()
    if depth == 0 or how < 0.6:
        return chance.choice(_PLAIN)
    if how < 0.8:
        return [_odd(chance, depth - 1) for _ in range(chance.randrange(3))]
    return _odd_map(chance, depth - 1, 0.1)


def _odd_map(chance: random.Random, depth: int, share: float) -> dict[str, object]:
    keys = [key for key in (*_KEYS, "x", EVIL) if chance.random() < share]
    return {key: _odd(chance, depth) for key in keys}


def odd_reply(chance: random.Random) -> Message:
    """Keys that are known, with values of any type; mostly lists of maps of the same."""
    reply = _odd_map(chance, 1, chance.choice((0.1, 0.9)))
    for key in _KEYS:
        if key.endswith("s") and chance.random() < 0.3:
            reply[key] = [_odd_map(chance, chance.randrange(2), 0.8) for _ in range(2)]
    return reply


def answers_oddly(
    seed: int, *, description: Mapping[str, object] | None = None
) -> Callable[[Talk], None]:
    """A behaviour: it is an nREPL server by what it says of itself, and answers like this."""

    def behave(talk: Talk) -> None:
        chance = random.Random(seed)
        while (message := talk.read_message()) is not None:
            op = message.get("op")
            to: Message = {key: message[key] for key in ("id", "session") if key in message}
            if op == "describe":
                told = {"ops": {op: {} for op in OPS}, "status": ["done"]}
                talk.say(encode({**told, **(description or {}), **to}))
            elif op == "clone":
                talk.say(encode({"new-session": f"s{message['id']}", "status": ["done"], **to}))
            else:
                talk.say(encode({**odd_reply(chance), "status": "7"}))  # an answer to nothing
                for statuses in ([chance.choice(_STATUSES)], ["done"]):
                    talk.say(encode({**odd_reply(chance), **to, "status": statuses}))

    return behave
