"""How far away a target is, and whether it still answers: a cheap request every other second.

What is asked must reach the program itself. A server that speaks nREPL lists its sessions. What
stands before a REPL of another kind (an adapter) would answer that by itself, so there a name that
nobody has is looked up; and telephone is asked for a job that it does not have. Where there is
nothing like that (lines of text, a REPL used by its prompt) nothing is asked.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from repl_connect.address import LOCAL_HOSTS, Address, HttpAddress
from repl_connect.conversation.conversation import Conversation
from repl_connect.detection.peer import peer_of
from repl_connect.dialects import DIALECTS
from repl_connect.link import Link
from repl_connect.replies import refusal_of, statuses_of

__all__ = ["EVERY", "LATENCIES", "SILENCE", "Pulse"]

EVERY: Final = 2.0
"""Seconds from one request to the next."""

SILENCE: Final = 3.0
"""Seconds without an answer after which a target is called silent, or busy."""

LATENCIES: Final = 120
"""Round trips that are kept."""

_LATE: Final = 0.5  # seconds without an answer after which its process is looked at
_NOBODY: Final = "repl-connect"  # no name, and no job's id


class Pulse:
    """The round trips of one target, in seconds. `problem`: what it answered instead.

    `on_change` is called after each.
    """

    def __init__(
        self, address: Address, conversation: Conversation, on_change: Callable[[], None]
    ) -> None:
        self.latency: float | None = None
        self.latencies: deque[float] = deque(maxlen=LATENCIES)
        self.problem: str | None = None
        self.stopped = False
        """Whether its process is known to be stopped, as by Ctrl-Z."""
        self.computes = False
        """Whether its process is known to be at work."""
        self._address = address
        self._conversation = conversation
        self._on_change = on_change
        self._message: dict[str, object] | None = None
        self._pid: int | None = None
        self._sent: float | None = None
        self._heard = 0.0
        self._due = 0.0

    def attach(self, link: Link) -> None:
        """Begin with a new link."""
        self.lost()
        self._message = _message_for(link, self._address)
        self._pid = _pid_of(link)
        self._heard = asyncio.get_running_loop().time()

    def lost(self) -> None:
        """The link is gone."""
        self._message = self._sent = self.problem = self.latency = self._pid = None
        self.stopped = self.computes = False
        self._due = 0.0

    def heard(self) -> None:
        """Something has come, so it is there, whatever it has not answered."""
        self._heard = asyncio.get_running_loop().time()

    def beat(self, now: float, *, waiting: bool) -> None:
        """Ask, if it is time and the last one was answered. `waiting`: it is not read from."""
        link = self._conversation.link
        self.stopped, self.computes = (
            _process_state(self._pid) if self.quiet >= _LATE else (False, False)
        )
        due = self._message is not None and self._sent is None and now >= self._due
        if link is None or not due or waiting or self._message is None:
            return
        self._sent, self._due = now, now + EVERY
        message = self._message
        with self._conversation.guarded():
            link.session.request(message, lambda reply: self._answered(link, reply))

    @property
    def quiet(self) -> float:
        """Seconds for which it has not answered, nor said anything else; 0 if nothing was asked."""
        if self._sent is None:
            return 0.0
        return asyncio.get_running_loop().time() - max(self._sent, self._heard)

    def _answered(self, link: Link, reply: dict[str, Any]) -> None:
        if self._sent is None or link is not self._conversation.link:
            return
        now = asyncio.get_running_loop().time()
        self.latency, self._sent, self._heard = now - self._sent, None, now
        self.latencies.append(self.latency)
        gone = "repl-connect/unreachable" in statuses_of(reply)
        self.problem = refusal_of(reply, "does not answer") if gone else None
        self._on_change()


def _message_for(link: Link, address: Address) -> dict[str, object] | None:
    session = link.session
    if isinstance(address, HttpAddress):
        return {"op": "repl-server/result", "job": _NOBODY}
    if DIALECTS[link.dialect].native:
        return {"op": "ls-sessions" if session.supports("ls-sessions") else "describe"}
    if session.supports("lookup"):
        return {"op": "lookup", "sym": _NOBODY, "session": session.tool, "ns": session.namespace}
    return None


def _pid_of(link: Link) -> int | None:
    """The process at the other end, if it is known to be one of this machine."""
    try:
        with socket.socket(fileno=os.dup(link.fileno())) as stream:
            name = stream.getpeername()
            if stream.family != socket.AF_UNIX and name[0] not in LOCAL_HOSTS:
                return None
            peer = peer_of(stream)
    except OSError:
        return None
    return peer.pid if peer is not None and peer.pid != os.getpid() else None


def _process_state(pid: int | None) -> tuple[bool, bool]:
    """Whether a process is stopped, and whether it is at work; neither if that is not known."""
    if pid is None:
        return False, False
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read(4096).rpartition(b") ")[2][:1]
    except OSError:
        return False, False
    return state in (b"T", b"t"), state == b"R"
