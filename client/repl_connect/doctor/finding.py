"""One thing that was looked at, and how a list of them is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from repl_connect.escapes import visible

__all__ = ["Finding", "State", "as_json", "lines"]

_TOPIC_WIDTH: Final = 16
_LONGEST: Final = 2_000  # characters of one fact


class State(StrEnum):
    """Whether it is as it should be; a note is neither right nor wrong."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Finding(NamedTuple):
    """A fact about a topic. `advice` is what to type or to do, for what is not as it should be."""

    state: State
    topic: str
    fact: str
    advice: str = ""


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Plain text, to be read and to be copied into a report; the verdict last."""
    margin = " " * (len(State.WRONG) + 2 + _TOPIC_WIDTH + 2)
    for finding in findings:
        mark = finding.state.upper() if finding.state is State.WRONG else finding.state
        first, *rest = _shown(finding.fact) or [""]
        yield f"{mark:<{len(State.WRONG)}}  {finding.topic:<{_TOPIC_WIDTH}}  {first}".rstrip()
        for line in rest:
            yield margin + line
        for number, line in enumerate(_shown(finding.advice)):
            yield margin + ("-> " if number == 0 else "   ") + line
    wrong = sum(finding.state is State.WRONG for finding in findings)
    yield ""
    if wrong:
        things = "things are" if wrong > 1 else "thing is"
        yield f"{wrong} {things} wrong: see above, and what is behind ->."
    else:
        yield "Nothing is wrong."


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "wrong": sum(finding.state is State.WRONG for finding in findings),
        "findings": [
            {
                "state": str(finding.state),
                "topic": finding.topic,
                "fact": finding.fact,
                "advice": finding.advice or None,
            }
            for finding in findings
        ],
    }


def _shown(text: str) -> list[str]:
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + f"… ({len(text)} characters; --json has them)"
    return [visible(line) for line in text.splitlines()]
