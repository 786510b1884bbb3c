"""A server whose every text would do something to the terminal that it is written to."""

from __future__ import annotations

from abuse.odd_answers import EVIL, OPS
from client.fakes import Talk

from repl_server.wire import Message, encode

__all__ = ["tells_evil"]

_FRAME = {"name": EVIL, "file": EVIL, "line": 3, "source": EVIL}
_ROW = {
    **dict.fromkeys(("address", "client", "client-name", "code", "doc", "error", "file"), EVIL),
    **dict.fromkeys(("host", "id", "job", "label", "language", "message", "name", "ns"), EVIL),
    **dict.fromkeys(("place", "program", "session", "source", "state", "text", "thread"), EVIL),
    **dict.fromkeys(("type", "value", "what", "arglists-str", "exception", "held"), EVIL),
    "frames": [_FRAME],
    "restarts": [EVIL, {"name": EVIL, "text": EVIL}],
    "line": 3,
    "sessions": [EVIL],
}
_TELLS: Message = {
    **_ROW,
    "id": "",
    "session": "",
    "jobs": [_ROW],
    "clients": [_ROW],
    "held": [_ROW],
    "sessions": [EVIL],
    "completions": [{"candidate": f"xx{EVIL}", "type": EVIL, "ns": EVIL, "doc": EVIL}],
    "apropos-matches": [_ROW],
    "info": {**_ROW, "arglists": [EVIL]},
    "out": EVIL,
    "err": EVIL,
    "ex": EVIL,
    "repl-connect/label": EVIL,
    "repl-server/message": EVIL,
    "repl-server/frames": [_FRAME],
}


def tells_evil(talk: Talk) -> None:
    """Tells everything in evil words; `boom` fails, `ask` asks."""
    running: Message = {}
    while (message := talk.read_message()) is not None:
        to: Message = {key: message[key] for key in ("id", "session") if key in message}
        match message:
            case {"op": "describe"}:
                told: Message = {
                    "ops": {op: {"doc": EVIL} for op in (*OPS, EVIL)},
                    "versions": {EVIL: {"version-string": EVIL}, "python": EVIL},
                    "aux": {
                        "current-ns": EVIL,
                        "repl-connect/greeting": EVIL,
                        "repl-connect/language": "python",
                    },
                }
                talk.say(encode({**told, **to, "status": ["done"]}))
            case {"op": "clone"}:
                talk.say(encode({**to, "new-session": EVIL + message["id"], "status": ["done"]}))
            case {"op": "eval", "code": "refused"}:
                talk.say(encode({**_TELLS, **to, "status": ["done", "error", EVIL]}))
            case {"op": "eval", "code": "ask"}:
                running = to
                talk.say(encode({**to, "out": EVIL, "status": ["need-input"]}))
            case {"op": "eval", "code": "boom"}:
                talk.say(encode({**_TELLS, **to, "status": ["eval-error"]}))
                talk.say(encode({**to, "status": ["done"]}))
            case {"op": "stdin"}:
                talk.say(encode({**running, "value": EVIL, "status": ["done"]}))
            case {"op": "eval"}:
                talk.say(encode({"out": EVIL, "repl-server/held": EVIL}))
                talk.say(encode({**_TELLS, **to}))
                talk.say(encode({**to, "status": ["done"]}))
            case _:
                talk.say(encode({**_TELLS, **to, "status": ["done"]}))
