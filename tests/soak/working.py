"""A client in a process of its own: `python working.py KIND ADDRESS`.

It reads lines of two numbers, evaluations and connections, does so much, and says `done`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from driver import Client

__all__ = ["KINDS", "code_of"]

Part = Callable[[int, int], None]

_PYTHON: Final = (
    ("{n} + 1", 1),
    ("print('printed', {n})", 0),
    ("def step(): return {n}", 0),
    ("'x' * 1000  # {n}", 1),
    ("1 / (0 * {n})", 0),
)
_GUILE: Final = (
    ("(+ {n} 1)", 1),
    ("(begin (display {n}) (newline))", 0),
    ("(map (lambda (x) (* x {n})) (iota 20))", 1),
    ('(string-length "text {n}")', 1),
    ("(set! count {n})", 0),
    ("(let ((x {n})) (list x x))", 1),
    ("(car {n})", 0),
    ("(values {n} 'two)", 2),
    ("(begin ; {n}\n 'done)", 1),
    ("(apply + (list 1 {n}))", 1),
)
_DEFINED: Final = "(define (step x) (+ x {n}))"
_EVERY: Final = 20  # Guile's evaluations to a definition
_REMEMBERED: Final = 1_000  # and to this: else it keeps every value, for `$1` and so on
_FORGET: Final = "((@ (ice-9 history) clear-value-history!))"


def code_of(kind: str, number: int) -> tuple[str, int]:
    """Something to evaluate, and how many values it has."""
    if kind == "guile":
        if number % _EVERY == 0:
            return _DEFINED.format(n=number), 0
        code, values = _GUILE[number % len(_GUILE)]
    else:
        code, values = _PYTHON[number % len(_PYTHON)]
    return code.format(n=number), values


def link(address: str) -> Part:
    """A link that evaluates, and others that come and go."""
    return _linked("python", address)


def guile(address: str) -> Part:
    """The same to Guile."""
    return _linked("guile", address)


def _linked(kind: str, address: str) -> Part:
    stays = Client(address)
    stays.evaluate("(define count 0)" if kind == "guile" else "count = 0")
    numbers = iter(range(1, sys.maxsize))

    def part(evaluations: int, connections: int) -> None:
        for _ in range(evaluations):
            number = next(numbers)
            code, values = code_of(kind, number)
            outcome = stays.evaluate(code)
            assert len(outcome.values) == values, (code, outcome.events)
            if kind == "guile" and number % _REMEMBERED == 0:
                stays.evaluate(_FORGET)
        for _ in range(connections):
            with Client(address) as visitor:
                code, values = code_of(kind, 1)
                assert len(visitor.evaluate(code).values) == values
        stays.late.clear()

    return part


def conversation(address: str) -> Part:
    """A conversation on a loop, whose link is lost and made again for each connection."""
    loop = asyncio.new_event_loop()
    talk = loop.run_until_complete(_talking(address))
    return lambda evaluations, connections: loop.run_until_complete(talk(evaluations, connections))


async def _talking(address: str) -> Callable[[int, int], Coroutine[None, None, None]]:
    from repl_connect.address import parse_address
    from repl_connect.connect import connect
    from repl_connect.conversation.connecting import KEPT, open_link
    from repl_connect.conversation.conversation import Conversation
    from repl_connect.conversation.reconnection import Reconnection
    from repl_connect.events import Done, Event, Value
    from repl_connect.link import Link
    from repl_connect.turns import Evaluation

    changed = asyncio.Event()

    def made(resume: str | None) -> Link:
        return connect(parse_address(address), resume=resume, keep=KEPT)

    def attached(link: Link) -> None:
        assert link.session.resumed
        talks.attach(link)
        changed.set()

    talks = Conversation(
        lambda _: None,
        lambda *_: again.start(talks.last_session, longest=0.0),
    )
    again = Reconnection(
        made, remedy="", on_link=attached, on_failure=sys.exit, on_change=lambda: None
    )
    talks.attach(open_link(made))

    async def evaluated(number: int) -> None:
        seen: list[Event] = []

        def happened(_: Evaluation | None, event: Event) -> None:
            seen.append(event)
            if isinstance(event, Done):
                changed.set()

        code, values = code_of("python", number)
        changed.clear()
        talks.evaluate(code, happened)
        await changed.wait()
        assert sum(isinstance(event, Value) for event in seen) == values, seen

    async def lose() -> None:
        changed.clear()
        assert talks.link is not None
        with socket.socket(fileno=os.dup(talks.link.fileno())) as other:
            other.shutdown(socket.SHUT_RDWR)
        await changed.wait()

    async def part(evaluations: int, connections: int) -> None:
        for number in range(evaluations):
            await evaluated(number + 1)
        for _ in range(connections):
            await lose()
            await evaluated(1)

    return part


KINDS: Final[dict[str, Callable[[str], Part]]] = {
    "link": link,
    "guile": guile,
    "conversation": conversation,
}

if __name__ == "__main__":
    part = KINDS[sys.argv[1]](sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        part(*map(int, line.split()))
        print("done", flush=True)
