"""Plays Swank to the adapter: bytes for it, its forms and replies back."""

from __future__ import annotations

import re
from typing import Any

from repl_connect.adapters.swank.adapter import SwankAdapter
from repl_connect.adapters.swank.lisp_data import Datum, read
from repl_connect.adapters.swank.packets import PacketReader, packet
from repl_server.wire import Message

__all__ = ["Lisp", "ready"]

INFO = (
    "(:pid 1 :style {style} :lisp-implementation (:type {type} :name {name} "
    ':version "2.2.9") :package (:name "COMMON-LISP-USER" :prompt "CL-USER") :version "2.27")'
)


class Lisp:
    """One Lisp that one adapter is connected to."""

    def __init__(self) -> None:
        self.adapter = SwankAdapter()
        self.replies: list[Message] = []
        self.reader = PacketReader()
        self.take()

    def feed(self, *texts: str) -> None:
        for text in texts:
            self.adapter.receive_data(packet(text))
        self.take()

    def take(self) -> None:
        while isinstance(event := self.adapter.next_event(), dict):
            self.replies.append(event)
        self.reader.feed(self.adapter.data_to_send())

    def ask(self, **message: Any) -> None:
        self.adapter.send({key.replace("_", "-"): value for key, value in message.items()})
        self.take()

    def sent(self) -> list[list[Datum]]:
        """What was sent since last asked; our own functions without their package."""
        found: list[list[Datum]] = []
        while (text := self.reader.next()) is not None:
            message = read(re.sub(r"repl-connect-v\w+::", "", text, flags=re.IGNORECASE))
            found.append(message if isinstance(message, list) else [message])
        return found

    def number(self) -> int:
        """Of the one form that was sent."""
        (message,) = self.sent()
        assert message[0] == ":emacs-rex"
        assert isinstance(message[-1], int)
        return message[-1]

    def prepare(self, installed: str = "t", **lisp: str) -> None:
        told = {"style": ":spawn", "type": '"SBCL"', "name": '"sbcl"', **lisp}
        self.feed(f"(:return (:ok ({INFO.format(**told)} {installed})) {self.number()})")

    def evaluate(self, code: str = "x", **more: Any) -> int:
        """Its number there."""
        self.ask(op="eval", id="e", code=code, **more)
        return self.number()

    def to(self, ident: str) -> list[Message]:
        return [reply for reply in self.replies if reply.get("id") == ident]

    def statuses(self, ident: str) -> set[str]:
        return {status for reply in self.to(ident) for status in reply.get("status", ())}


def ready() -> Lisp:
    """One that is ready, with a session open by the request `c`."""
    made = Lisp()
    made.prepare()
    made.feed(f"(:return (:ok t) {made.number()})")
    made.ask(op="clone", id="c")
    return made
