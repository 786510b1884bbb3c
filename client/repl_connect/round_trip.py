"""How long the other side takes to answer a question."""

from __future__ import annotations

import time
from typing import Final

from repl_connect.address import Address, HttpAddress
from repl_connect.dialects import DIALECTS
from repl_connect.link import Link

__all__ = ["can_be_asked", "round_trip"]

_NO_NAME: Final = "repl-connect-no-such-name"


def can_be_asked(link: Link, address: Address) -> bool:
    """Whether there is a question that reaches the other side and evaluates nothing.

    What is adapted here answers `describe` itself: without completions there is none.
    """
    native = DIALECTS[link.dialect].native and not isinstance(address, HttpAddress)
    return native or link.session.supports("completions")


def round_trip(link: Link, timeout: float) -> float | None:
    """Seconds until a question is answered; None if it is not within `timeout`. Blocking.

    Raises `ConnectionLost`.
    """
    answers: list[object] = []
    began = time.monotonic()
    if link.session.supports("completions"):
        link.session.complete(_NO_NAME, _NO_NAME, answers.append)
    else:
        link.session.request({"op": "describe"}, answers.append)
    if link.run_until(lambda: bool(answers), timeout):
        return time.monotonic() - began
    return None
