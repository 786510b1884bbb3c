"""The log of the wire: the last messages that went and came, shortened."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any, Final, NamedTuple

from repl_connect.escapes import visible
from repl_server.wire import Message

__all__ = ["Logged", "WireLog"]

_SECRET: Final = "repl-server/token"
_ITEMS: Final = 200  # of a list or a map, before the rest is left out
_DEPTH: Final = 8


class Logged(NamedTuple):
    """One message: when (seconds since the epoch), which way, and its text, shortened."""

    at: float
    sent: bool
    text: str

    @property
    def line(self) -> str:
        """`14:02:11.123 --> {"op": "eval", …}`; `-->` is what went, `<--` what came."""
        moment = time.strftime("%H:%M:%S", time.localtime(self.at))
        arrow = "-->" if self.sent else "<--"
        return f"{moment}.{int(self.at * 1000) % 1000:03} {arrow} {self.text}"


class WireLog:
    """The last `messages` messages, each with `message_bytes` bytes of text at most."""

    def __init__(self, messages: int, message_bytes: int) -> None:
        self.message_bytes = message_bytes
        self.forgotten = 0
        """How many messages came and went before those that are kept."""
        self._kept: deque[Logged] = deque(maxlen=max(messages, 1))

    def __len__(self) -> int:
        return len(self._kept)

    def record(self, sent: bool, message: Message) -> None:
        """Note a message, as `Link.trace` has it. A token is not written down."""
        if len(self._kept) == self._kept.maxlen:
            self.forgotten += 1
        self._kept.append(Logged(time.time(), sent, self._text(message)))

    def last(self, count: int) -> list[Logged]:
        """The last so many messages, the oldest first."""
        return list(self._kept)[-count:] if count > 0 else []

    def _text(self, message: Message) -> str:
        told = {**message, _SECRET: "…"} if _SECRET in message else message
        text = visible(json.dumps(self._short(told), ensure_ascii=False))
        data = text.encode("utf-8", "replace")
        if len(data) <= self.message_bytes:
            return text
        return data[: self.message_bytes].decode("utf-8", "ignore") + "…"

    def _short(self, value: Any, depth: int = 0) -> Any:
        """The value with its long parts cut, before the work of writing it down is done."""
        match value:
            case str():
                longest = self.message_bytes
                if len(value) <= longest:
                    return value
                return f"{value[:longest]}… ({len(value):,} characters)"
            case bytes():
                return self._short(value.decode("utf-8", "replace"), depth)
            case dict() | list() if depth >= _DEPTH:
                return "…"
            case dict():
                return {
                    str(key): self._short(item, depth + 1)
                    for key, item in list(value.items())[:_ITEMS]
                }
            case list():
                return [self._short(item, depth + 1) for item in value[:_ITEMS]]
            case _:
                return value
