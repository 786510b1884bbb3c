"""An answer, event by event, without a connection."""

from __future__ import annotations

from typing import cast

import pytest

from repl_connect.dashboard.observing.answer import LARGEST_ANSWER, Answer
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.events import Done, Event, Failed, NeedInput, Output, Value

DONE = Done(frozenset({"done"}))


def answer(*events: Event) -> Answer:
    made = Answer(cast(ObservedTarget, None), "x")
    for event in events:
        made.take(event)
    return made


def test_all_of_it_is_there_in_order() -> None:
    made = answer(
        Output("out", "a"), Output("out", "b"), Value("1"), Output("err", "bad\n"), Value("2"), DONE
    )
    assert made.parts == [("out", "ab"), ("value", "1"), ("err", "bad\n"), ("value", "2")]
    assert (made.text, made.out, made.err, made.values) == (
        "ab\n1\nbad\n2\n",
        "ab",
        "bad\n",
        ["1", "2"],
    )
    assert (made.state, made.ended, made.problem) == ("ok", True, None)


@pytest.mark.parametrize(
    ("events", "state", "problem"),
    [
        ((), "running", None),
        ((NeedInput(),), "needs-input", None),
        ((NeedInput(), Output("out", "x")), "running", None),
        ((Failed("KeyError", "'x'"), DONE), "raised", "KeyError: 'x'"),
        ((Done(frozenset({"done", "interrupted"})),), "interrupted", None),
        ((Done(frozenset({"lost"}), "Gone."),), "lost", "Gone."),
        (
            (Done(frozenset({"done", "error"}), "No such\x1b place."),),
            "unreachable",
            "No such^[ place.",
        ),
    ],
)
def test_how_it_can_be(events: tuple[Event, ...], state: str, problem: str | None) -> None:
    made = answer(*events)
    assert (made.state, made.problem) == (state, problem)


def test_it_is_bounded_and_says_so() -> None:
    made = answer(*[Output("out", "x" * 1000)] * 2000, Value("y"), DONE)
    assert (made.cut, made.size, len(made.text)) == (True, LARGEST_ANSWER, LARGEST_ANSWER)
    assert answer(Value("z" * (LARGEST_ANSWER + 1))).cut
    assert not answer(Value("z" * LARGEST_ANSWER)).cut
    assert answer(Value("1", truncated=True)).cut
