"""A Python program in which clients evaluate what does not end; it is counted before and after."""

from __future__ import annotations

from typing import Final

from faults.counting import Counted, Ran, counted, descriptors, until
from server.running import Running
from server.wire_client import WireClient

__all__ = ["ALL_MODES", "MOMENTS", "Endless"]

ALL_MODES: Final = ("threads", "asyncio", "cooperative")
"""The kinds of Python server."""

MOMENTS: Final = ("loop", "flood", "ask")
"""Functions there: each writes the mark `b`, does not end, and writes `e` when it is stopped."""

_DEFINITIONS: Final = """
import time
def marked(work):
    def run():
        try:
            {begun}
            work()
        finally:
            {ended}
    return run
@marked
def loop():
    while True: pass
@marked
def flood():
    while True: print('x' * 1000)
@marked
def ask():
    while True: input()
"""


class Endless:
    """A program in which clients evaluate `MOMENTS`; it is counted while nobody is connected."""

    def __init__(self, program: Running, ran: Ran) -> None:
        self.program = program
        self.ran = ran
        with WireClient(program.address) as first:  # what the first interrupt loads stays
            first.clone()
            code = _DEFINITIONS.format(begun=ran.python("b"), ended=ran.python("e"))
            assert first.result(code)["status"] == {"done"}
            first.eval("loop()")
            ran.wait("b")
            first.ask({"op": "interrupt"})
            ran.wait("be")
            program.goes_on(first)  # and has let go of what it wrote the mark to
        ran.marks = ""
        until(lambda: not self.sessions(), "no sessions")
        # Its own thread, ours, one for a next session; a socket that listens, asyncio's own two.
        rest = {"threads": (3, 1), "asyncio": (2, 3), "cooperative": (2, 1)}[program.mode]
        until(lambda: self.now()[:2] == rest, lambda: f"{self.now()} begins with {rest}")
        self.before = self.now()

    def sessions(self) -> list[str]:
        """The sessions there are."""
        with WireClient(self.program.address) as client:
            sessions: list[str] = client.ask({"op": "ls-sessions"})[-1]["sessions"]
        return sessions

    def close_kept(self) -> None:
        """Close the one session that is kept for a client that was lost."""
        until(lambda: len(self.sessions()) == 1, "one session")
        with WireClient(self.program.address) as client:
            client.ask({"op": "close", "session": self.sessions()[0]})

    def now(self) -> Counted:
        """What the program holds."""
        return counted(self.program.process.pid)

    def is_as_before(self) -> None:
        """What ran has ended, what was held for it is given back, and the program goes on."""
        until(lambda: not self.sessions(), "no sessions")
        until(
            lambda: self.now() == self.before,
            lambda: f"{self.now()} is {self.before} again: {descriptors(self.program.process.pid)}",
        )
        with WireClient(self.program.address) as client:
            client.clone()
            self.program.goes_on(client)
