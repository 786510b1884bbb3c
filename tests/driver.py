"""A client for tests: connects as the front ends do, evaluates, and gathers what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from repl_connect.address import parse_address
from repl_connect.connect import connect
from repl_connect.session import (
    Candidate,
    Completions,
    Done,
    Evaluation,
    Event,
    Failed,
    NeedInput,
    Output,
    Value,
)

__all__ = ["Client", "Outcome"]

LONG = 60.0


@dataclass
class Outcome:
    """What came of one evaluation, so far."""

    events: list[Event] = field(default_factory=list)
    evaluation: Evaluation | None = None

    @property
    def values(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Value)]

    @property
    def labels(self) -> list[str | None]:
        return [event.label for event in self.events if isinstance(event, Value)]

    def text(self, stream: str) -> str:
        return "".join(
            event.text
            for event in self.events
            if isinstance(event, Output) and event.stream == stream
        )

    @property
    def out(self) -> str:
        return self.text("out")

    @property
    def err(self) -> str:
        return self.text("err")

    @property
    def failed(self) -> Failed | None:
        return next((event for event in self.events if isinstance(event, Failed)), None)

    @property
    def done(self) -> Done | None:
        return next((event for event in self.events if isinstance(event, Done)), None)

    @property
    def asked(self) -> int:
        return sum(isinstance(event, NeedInput) for event in self.events)


class Client:
    """One connection, driven by blocking calls."""

    def __init__(self, address: str, *, dialect: str | None = None, tool: bool = True) -> None:
        self.late: list[Output] = []
        self.link = connect(parse_address(address), dialect=dialect, tool=tool)
        self.link.on_output = self.late.append

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.link.close()

    def start(self, code: str, **more: Any) -> Outcome:
        """Send it and go on."""
        outcome = Outcome()
        outcome.evaluation = self.link.session.evaluate(code, outcome.events.append, **more)
        return outcome

    def finish(self, outcome: Outcome, timeout: float = LONG) -> Outcome:
        """Wait until it has ended."""
        assert self.link.run_until(lambda: outcome.done is not None, timeout), outcome.events
        return outcome

    def evaluate(self, code: str, **more: Any) -> Outcome:
        return self.finish(self.start(code, **more))

    def value(self, code: str, **more: Any) -> str:
        """The one value of code that raises nothing."""
        outcome = self.evaluate(code, **more)
        assert outcome.failed is None, outcome.err
        assert len(outcome.values) == 1, outcome.events
        return outcome.values[0]

    def until(self, outcome: Outcome, kind: type[Event], timeout: float = LONG) -> None:
        """Wait until one more event of a kind has come."""
        before = sum(isinstance(event, kind) for event in outcome.events)
        assert self.link.run_until(
            lambda: sum(isinstance(event, kind) for event in outcome.events) > before, timeout
        ), outcome.events

    def interrupt(self, outcome: Outcome) -> str | None:
        """Interrupt it and wait for the answer."""
        answers: list[str | None] = []
        self.link.session.interrupt(outcome.evaluation, answers.append)
        assert self.link.run_until(lambda: bool(answers), LONG)
        return answers[0]

    def complete(self, prefix: str) -> list[Candidate]:
        found: list[Completions] = []
        self.link.session.complete(prefix, prefix, found.append)
        assert self.link.run_until(lambda: bool(found), LONG)
        return list(found[0].candidates)

    def lookup(self, symbol: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        self.link.session.lookup(symbol, found.append)
        assert self.link.run_until(lambda: bool(found), LONG)
        return found[0]
