"""Odd things that a client sends and that code does, on every real program.

What comes of them differs from language to language, and is not what is tested: that each
evaluation ends, that the next one has its value, and that nothing is left for others.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from adapters.odd import ODD, Odd
from adapters.subject import Phrases, Program, Subject
from driver import Client, Outcome

from repl_connect.errors import ConnectError
from repl_connect.session import Output

pytestmark = pytest.mark.adapted


@pytest.fixture
def phrases(subject: Subject) -> Phrases:
    """What is said in its language."""
    return subject.phrases


@pytest.fixture
def odd(subject: Subject) -> Odd:
    """Odd things in its language."""
    return ODD.get(subject.name, ODD[subject.dialect])


@pytest.fixture(params=[None, 1000], ids=["whole", "quota"])
def quota(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is asked for with an evaluation: how long values may be."""
    return {"more": {"nrepl.middleware.print/quota": request.param}} if request.param else {}


@pytest.fixture
def own_program(subject: Subject, tmp_path: Path) -> Iterator[Program]:
    """A program that may be spoilt."""
    program = subject.start(tmp_path)
    yield program
    alive = program.alive
    program.stop()
    assert alive


def _lives(client: Client, phrases: Phrases) -> None:
    assert client.value(phrases.sum) == phrases.forty_two


def _ended(outcome: Outcome) -> bool:
    return outcome.done is not None


def _answered(replies: list[dict[str, Any]]) -> bool:
    return any("done" in reply.get("status", ()) for reply in replies)


def _stop(client: Client, outcome: Outcome) -> None:
    """Interrupt it, and see it end."""
    client.interrupt(outcome)
    client.finish(outcome)


@pytest.mark.parametrize("code", ["", " ", "\n\r\n\t", "COMMENT", "COMMENT\n", "COMMENT\r\n\r\n"])
def test_nothing_to_evaluate(client: Client, phrases: Phrases, odd: Odd, code: str) -> None:
    outcome = client.evaluate(code.replace("COMMENT", odd.comment))
    assert outcome.failed is None, outcome.events
    assert outcome.values in ([], ["undefined"])
    _lives(client, phrases)


def test_lines_that_end_as_on_windows(client: Client, phrases: Phrases, odd: Odd) -> None:
    outcome = client.evaluate(phrases.forms.replace("\n", "\r\n"))
    assert tuple(outcome.values) == phrases.values


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "\ud800",
        b"\xff".decode("utf-8", "surrogateescape"),
        "\ufeff",
        "\x1e",
        "\x04",
        "\x7f\x1b[",
    ],
)
def test_characters_that_nobody_types(
    client: Client, phrases: Phrases, odd: Odd, text: str
) -> None:
    client.evaluate(f'"{text}"')
    client.evaluate(f"{text}{phrases.sum}")
    client.complete(f"{phrases.begun}{text}")
    client.lookup(f"{phrases.documented}{text}")
    _lives(client, phrases)


def test_a_megabyte_in_one_form(client: Client, phrases: Phrases, odd: Odd) -> None:
    outcome = client.evaluate('"' + "é" * 1_000_000 + '"')
    assert outcome.failed is None, outcome.events[:3]
    assert len(outcome.values[0]) >= odd.longest
    _lives(client, phrases)


def test_a_form_nested_deep(client: Client, phrases: Phrases, odd: Odd) -> None:
    client.evaluate("(" * 5000 + "1" + ")" * 5000)
    _lives(client, phrases)


def test_names_that_are_none(client: Client, phrases: Phrases, odd: Odd) -> None:
    for name in ("", " ", "(", '"', "|", "#", "::", "a:b:c", "1", ".", "a..b", "/", "a/b/c", "''"):
        client.complete(name)
        client.lookup(name)
    client.lookup("x" * 100_000)
    _lives(client, phrases)


def test_a_file_that_is_not_there(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd, tmp_path: Path
) -> None:
    if "load-file" not in subject.supports:
        return
    session = client.link.session
    for path in (str(tmp_path / "missing"), "", "\0", "a\nb"):
        replies: list[dict[str, Any]] = []
        session.request(
            {"op": "load-file", "file-path": path, "session": session.user}, replies.append
        )
        assert client.link.run_until(partial(_answered, replies), 30), path
        statuses = [status for reply in replies for status in reply.get("status", ())]
        assert "eval-error" in statuses or "error" in statuses, (path, replies)
    _lives(client, phrases)


def test_namespaces_that_are_none(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    if "namespace" not in subject.supports:
        return
    for name in (" ", "(", ")", '"', "|", "a b", "#<x>", "1", "x" * 10_000, "\ud800"):
        outcome = client.evaluate(phrases.sum, namespace=name)
        assert outcome.done is not None
        assert not outcome.values or name == "1", name
    _lives(client, phrases)


def test_interrupts_at_any_moment(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    if "interrupt" not in subject.supports:
        return
    for _ in range(100):
        outcome = client.start(phrases.sum)
        client.interrupt(outcome)
        client.interrupt(outcome)
        client.finish(outcome)
        client.interrupt(outcome)
        assert outcome.values in ([], [phrases.forty_two])
    _lives(client, phrases)


def test_an_interrupt_at_the_end_does_not_stop_the_next(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    if "interrupt" not in subject.supports:
        return
    chance = random.Random(1)
    for _ in range(50):
        outcome = client.start(odd.moment)
        client.link.run_until(partial(_ended, outcome), chance.random() / 25)
        client.link.session.interrupt(outcome.evaluation)
        client.finish(outcome)
        assert outcome.failed is None, outcome.err
        _lives(client, phrases)


def test_an_interrupt_twice(client: Client, subject: Subject, phrases: Phrases, odd: Odd) -> None:
    if "interrupt" not in subject.supports:
        return
    outcome = client.start(phrases.slow)
    client.until(outcome, Output)
    client.link.session.interrupt(outcome.evaluation)
    client.link.session.interrupt(outcome.evaluation)
    client.finish(outcome)
    _lives(client, phrases)


def test_an_interrupt_of_what_waits_behind_another(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    if "interrupt" not in subject.supports:
        return
    first = client.start(phrases.slow)
    client.until(first, Output)
    second, third = client.start(phrases.sum), client.start(phrases.sum)
    _stop(client, second)
    assert second.done is not None
    assert "interrupted" in second.done.statuses
    assert not second.values
    assert first.done is None
    _stop(client, first)
    assert client.finish(third).values == [phrases.forty_two]


def test_input_before_it_is_asked_for(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    if "input" not in subject.supports:
        return
    client.link.session.give_input("blue\n")
    outcome = client.start(phrases.ask)
    client.link.run_until(lambda: outcome.done is not None or outcome.asked > 0, 30)
    if outcome.done is None:
        client.link.session.give_input("blue\n", outcome.evaluation)
    assert client.finish(outcome).values == [phrases.blue]
    _lives(client, phrases)


def test_a_client_that_goes_in_the_middle(
    open_client: Callable[[], Client], subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    gone = open_client()
    outcome = gone.start(phrases.slow if "interrupt" in subject.supports else phrases.sum)
    if "interrupt" in subject.supports:
        gone.until(outcome, Output)
    else:
        gone.finish(outcome)
    gone.link.session.evaluate(phrases.sum, lambda _: None)
    gone.close()
    _lives(open_client(), phrases)


def test_a_hundred_thousand_pieces_of_output(client: Client, phrases: Phrases, odd: Odd) -> None:
    outcome = client.evaluate(odd.pieces)
    assert outcome.out == "x" * 100_000
    assert len(outcome.events) < 20_000
    _lives(client, phrases)


def test_output_after_the_end(client: Client, phrases: Phrases, odd: Odd) -> None:
    if not odd.late:
        return
    outcome = client.evaluate(odd.late)
    assert outcome.failed is None, outcome.err
    for _ in range(20):
        _lives(client, phrases)
    assert client.link.run_until(
        lambda: "late" in outcome.out + "".join(output.text for output in client.late), 10
    )
    _lives(client, phrases)


def test_recursion_without_end(client: Client, phrases: Phrases, odd: Odd) -> None:
    if not odd.deep:
        return
    assert client.evaluate(odd.deep).failed is not None
    _lives(client, phrases)


def test_a_huge_value(client: Client, phrases: Phrases, odd: Odd, quota: dict[str, Any]) -> None:
    outcome = client.evaluate(odd.huge, **quota)
    assert outcome.failed is None, outcome.err[:200]
    shown = len(outcome.values[0])
    assert shown <= 1000 if quota else shown >= odd.longest
    _lives(client, phrases)


def test_a_value_that_does_not_print(
    client: Client, phrases: Phrases, odd: Odd, quota: dict[str, Any]
) -> None:
    if not odd.unprintable:
        return
    client.evaluate(odd.unprintable, **quota)
    _lives(client, phrases)


def test_a_value_without_end(
    client: Client, subject: Subject, phrases: Phrases, odd: Odd, quota: dict[str, Any]
) -> None:
    if not odd.endless or "interrupt" not in subject.supports:
        return
    outcome = client.start(odd.endless, **quota)
    client.until(outcome, Output)
    _stop(client, outcome)
    _lives(client, phrases)


def test_standard_output_closed(
    own_program: Program, phrases: Phrases, odd: Odd, subject: Subject
) -> None:
    if not odd.close:
        return
    with Client(own_program.address) as client:
        client.evaluate(odd.close)
        _lives(client, phrases)
        if subject.dialect != "node":
            assert client.evaluate(phrases.print).out == "hello\n"


def test_what_changes_printing_and_reading(
    own_program: Program, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    with Client(own_program.address) as client:
        for code in (odd.printing, *odd.redefine):
            if not code:
                continue
            client.evaluate(code)
            for _ in range(3):
                assert client.evaluate(phrases.sum).done is not None
            client.evaluate(phrases.fail)
            client.evaluate(phrases.print)
            client.complete(phrases.begun)
            client.lookup(phrases.documented)
            assert client.evaluate(phrases.unbalanced).done is not None, code
    # Another client is refused with a reason, where what it needs is spoilt for all.
    with suppress(ConnectError), Client(own_program.address) as second:
        assert second.evaluate(phrases.sum).done is not None


def test_clients_that_come_at_the_same_moment_as_the_first(
    own_program: Program, subject: Subject, phrases: Phrases, odd: Odd
) -> None:
    told: list[str] = []

    def come() -> None:
        with Client(own_program.address) as client:
            told.append(client.value(phrases.sum))

    clients = [threading.Thread(target=come, daemon=True) for _ in range(4)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(60)
    assert told == [phrases.forty_two] * 4
