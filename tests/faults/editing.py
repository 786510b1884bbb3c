"""One story for all editors: evaluate over a line that fails in one way after the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from faults.between import (
    AS_IS,
    Between,
    Corrupts,
    Delayed,
    Drops,
    Fault,
    Floods,
    HalfCloses,
    Split,
    Stalls,
)
from faults.counting import Ran
from proofs import Prove
from server.running import Running

from repl_server.wire import encode

__all__ = ["ENDS", "LATE", "FrontEnd", "Line", "the_line_fails"]

Line = Callable[..., Between]

_NOBODY: Final = encode({"id": "nobody", "value": "x" * 1000, "status": ["done"]})
LATE: Final[dict[str, Fault]] = {
    "every byte alone, both ways": Split(),
    "each piece comes 50 ms late, both ways": Delayed(0.05),
    "4 MB of messages that nobody asked for": Floods(_NOBODY, 4000),
}
"""What loses nothing."""

ENDS: Final[dict[str, Fault]] = {
    "the connection is dropped in the middle of an answer": Drops(10),
    "one direction is closed in the middle of an answer": HalfCloses(10),
    "a byte of an answer arrives as another": Corrupts(1, 4),
    "4 MB of garbage in the middle of an answer": Floods(bytes(range(256)) * 16, 1000, after=10),
}
"""What ends the connection."""


class FrontEnd(Protocol):
    """An editor, or the dashboard, as the story uses it. What waits fails after some seconds."""

    def connect(self, address: str) -> None:
        """Connect, and wait until that is done."""

    def send(self, code: str) -> None:
        """Evaluate, and go on."""

    def until_value(self, value: str) -> None:
        """Wait until the value is shown."""

    def until_lost(self, times: int) -> None:
        """Wait until it was said so many times that the end of an evaluation is not known."""

    def until_connected(self) -> None:
        """Wait until it has connected again."""

    def answer_a_key(self) -> None:
        """Press a key, and wait for what it does."""


def the_line_fails(front: FrontEnd, on: str, directory: Path, between: Line, proof: Prove) -> None:
    """The story; it says a row for each fault."""
    with Running("threads", directory / "app.sock") as program, Ran(directory / "ran") as ran:
        line = between(program.address)
        front.connect(line.address)
        number = 0

        def begin(fault: Fault, *, both: bool = False, code: str = "") -> None:
            nonlocal number
            number += 1
            line.fail(fault, fault if both else AS_IS)
            front.send(f"{ran.python()} and {code}{number}000")

        for tried, fault in LATE.items():
            begin(fault, both=not isinstance(fault, Floods))
            front.answer_a_key()
            front.until_value(f"{number}000")
            assert line.struck.is_set()
            ran.wait("." * number)
            proof(tried, on, "a key is answered meanwhile; the value is shown; it ran once")
        begin(Stalls(10))
        ran.wait("." * number)
        line.wait_struck()
        front.answer_a_key()
        line.go_on()
        front.until_value(f"{number}000")
        proof("an answer stalls, and goes on", on, "a key is answered; then the value is shown")
        gate = directory / "gate"
        os.mkfifo(gate)
        for lost, (tried, fault) in enumerate(ENDS.items(), 1):
            # It runs before the line fails: what else the front end asks for may be hit too.
            begin(AS_IS, code=f"open({str(gate)!r}).read() and ")
            ran.wait("." * number)
            line.fail(fault, AS_IS, times=0)
            gate.write_text("x")
            front.until_lost(lost)
            front.answer_a_key()
            front.until_connected()
            front.send(f"{number} * 10001")
            front.until_value(str(number * 10001))
            ran.wait("." * number)
            proof(
                tried,
                on,
                "it is said that the end is not known; a key is answered; "
                "connected again; it ran once",
            )
