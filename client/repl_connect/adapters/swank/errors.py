"""Errors that hold a thread of a Lisp in its debugger until a client chooses a restart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from repl_connect.adapters.swank.lisp_data import Datum
from repl_server.dispatch.requests import Request
from repl_server.wire import Message

__all__ = ["ABORT", "CHOICE", "Condition", "Held", "Restart", "choice_of", "condition_of_debugger"]

ABORT: Final = "abort"
CHOICE: Final = "repl-connect/restart"
"""The key of what was chosen, in an evaluation that chooses."""

_CONTINUE: Final = "continue"
_VALUES: Final = ("use-value", "return-value", "store-value")
_THREAD: Final = re.compile(r'abort thread \(#<\S*THREAD "(.*?)"')
_LINE: Final = 300
_SHOWN: Final = 10


class Condition(NamedTuple):
    """An error in words. `frames` are as nREPL replies have them, innermost last."""

    type: str
    message: str
    frames: Sequence[Mapping[str, object]]
    choices: Sequence[str]
    """The names of the program's own restarts."""

    @classmethod
    def of(cls, message: str, kind: str, frames: Datum, choices: Datum) -> Condition:
        """From what a bootstrapped Lisp tells: each frame is a call, a file and a line."""
        found = []
        for frame in frames if isinstance(frames, list) else ():
            call, *place = frame if isinstance(frame, list) else [frame]
            shown: dict[str, object] = {"name": str(call)}
            if len(place) == 2 and isinstance(place[1], int):
                shown |= {"file": str(place[0]), "line": place[1]}
            found.append(shown)
        names = tuple(map(str, choices)) if isinstance(choices, list) else ()
        return cls(kind, message, tuple(reversed(found)), names)

    @property
    def text(self) -> str:
        """All of it, as lines: type, message, the innermost frames."""
        lines = [f"{self.type}: {self.message}" if self.message else self.type]
        for frame in reversed(self.frames[-_SHOWN:]):
            place = f" ({frame['file']}:{frame['line']})" if "file" in frame else ""
            lines.append(f"  in {frame['name']}{place}")
        return "\n".join(lines) + "\n"

    @property
    def line(self) -> str:
        """Type and message in one line."""
        first, *rest = self.message.strip().splitlines() or [""]
        line = f"{self.type}: {first}" if first else self.type
        return line[:_LINE] + "…" if rest or len(line) > _LINE else line


def condition_of_debugger(about: Datum, frames: Datum) -> Condition:
    """The error of a `:debug` message."""
    texts = [str(each) for each in about[:2]] if isinstance(about, list) else []
    message, kind = (*texts, "", "")[:2]
    kind = kind.strip().removeprefix("[Condition of type ").removesuffix("]")
    calls: list[Datum] = [
        frame[1:2]
        for frame in (frames if isinstance(frames, list) else ())
        if isinstance(frame, list)
    ]
    return Condition.of(message, kind or "ERROR", calls, [])


class Restart(NamedTuple):
    """One way to go on, as Lisp's `name`, and what it says it does."""

    name: str
    text: str


class Held:
    """One debugger level of a thread.

    - `number`: the evaluation that failed; None in a thread of the program's own.
    - `id`, `since`: given when it is told of, the latter in seconds and
      only by a clock. `chosen`: how it goes on.
    - `all`: every restart there is, in Lisp's order. `own`: how many of those are the program's.
    """

    def __init__(self, thread: int, level: int, number: int | None, condition: Condition) -> None:
        self.id = ""
        self.chosen = "interrupted"
        self.thread = thread
        self.level = level
        self.number = number
        self.condition = condition
        self.since: float | None = None
        self.all: Sequence[Restart] = ()
        self.own = 0

    def offers(self, restarts: Datum) -> None:
        """Take the restarts of a `:debug` message, which change when other levels come and go."""
        self.all = [
            Restart(str(each[0]).lower(), str(each[1]))
            for each in (restarts if isinstance(restarts, list) else ())
            if isinstance(each, list) and len(each) == 2
        ]
        self.own = len(self.all)
        for at, (name, text) in enumerate(self.all):
            if name == "stop" or name.startswith("*") or text.startswith("abort thread"):
                self.own = at
                break

    @property
    def name(self) -> str:
        """What failed."""
        if self.number is not None:
            return "the evaluation"
        found = next(filter(None, (_THREAD.match(each.text) for each in self.all)), None)
        return f'thread "{found[1]}"' if found else f"thread {self.thread}"

    @property
    def restarts(self) -> list[str]:
        """What can be chosen. `continue` with a value is also what uses that; `abort` is last."""
        names = [name for name, _ in self.all[: self.own] if name != ABORT]
        if _CONTINUE not in names and any(name in _VALUES for name in names):
            names.append(_CONTINUE)
        return [*dict.fromkeys(names), ABORT]

    def index(self, how: str, *, value: bool) -> int | None:
        """The place of what was chosen among Lisp's restarts; None if it takes a value."""
        names = [name for name, _ in self.all[: self.own]]
        wanted = (*_VALUES, _CONTINUE) if how == _CONTINUE and value else (how,)
        return next((names.index(name) for name in wanted if name in names), None)

    def described(self) -> dict[str, Any]:
        """As clients are told of it, in the shape of the op `repl-server/held`."""
        texts = "".join(f"  {name}: {text}\n" for name, text in self.all[: self.own])
        return {
            "id": self.id,
            "name": self.name,
            "ex": self.condition.type,
            "message": self.condition.message,
            "err": self.condition.text + texts,
            "frames": [dict(frame) for frame in self.condition.frames],
            "restarts": self.restarts,
            **({"since": int(self.since * 1_000)} if self.since is not None else {}),
        }

    def told(self) -> dict[str, object]:
        """What is sent when it begins."""
        choices = ", ".join(f'"{name}"' for name in self.restarts)
        return {
            "err": f"{self.name} failed, and is held here as {self.id}: {self.condition.line}\n"
            f"Choose how to go on, by the op repl-server/restart: {choices}.\n",
            "repl-server/held": self.id,
        }


def choice_of(request: Request, held: Mapping[str, Held]) -> Message | None:
    """The evaluation that does what a `repl-server/restart` asks for; None if it was refused."""
    message = request.message
    ident, how, value = message.get("held"), message.get("restart"), message.get("value")
    error = held.get(ident) if isinstance(ident, str) else None
    if error is None:
        text = f"No error {ident!r} is held here (any more): ask for those that are."
        request.refuse("repl-server/unknown-held", text)
        return None
    above = [
        each.id
        for each in held.values()
        if each.thread == error.thread and each.level > error.level
    ]
    if not isinstance(how, str) or how not in error.restarts:
        text = f"One can't {how!r} this error: choose {', '.join(error.restarts)}."
        request.refuse("repl-server/unknown-restart", text)
    elif above and how != ABORT:
        text = f"{above[-1]} has failed after it: choose for that first."
        request.refuse("repl-server/unknown-restart", text)
    elif value is not None and (how == ABORT or not isinstance(value, str) or not value):
        request.refuse("invalid-field", "`value` is an expression, as text; `abort` takes none.")
    elif value is None and how != ABORT and error.index(how, value=False) is None:
        request.refuse("invalid-field", f"To {how}, a value is needed: give it as `value`.")
    else:
        addressed: dict[str, object] = {
            key: message[key] for key in ("id", "session") if key in message
        }
        return {
            **addressed,
            "op": "eval",
            "code": value or "",
            "repl-server/held": error.id,
            CHOICE: how,
        }
    return None
