"""What the tour says to try does what it is said to do, on every program."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from adapters.subject import Subject
from driver import Client

from repl_connect.languages.examples import examples_of
from repl_connect.session import Output


@pytest.fixture
def known(client: Client) -> Mapping[str, str]:
    """The examples of its language."""
    assert client.link.session.description is not None
    return examples_of(client.link.session.description.language)


def test_a_value(client: Client, known: Mapping[str, str]) -> None:
    assert client.value(known["value"]) == "42"


def test_a_definition_of_several_lines(client: Client, known: Mapping[str, str]) -> None:
    outcome = client.evaluate(known["lines"])
    assert outcome.failed is None
    found = re.match(r"\(?(?:def\w*|function)\s+\(?([\w-]+)", known["lines"])
    assert found is not None
    name = found[1]
    call = f"({name} 21)" if known["lines"].startswith("(") else f"{name}(21)"
    assert client.value(call) == "42"


def test_a_name_that_is_completed(client: Client, known: Mapping[str, str]) -> None:
    if "completion" in known and client.link.session.supports("completions"):
        symbol = known["completion"].lstrip("(")
        assert any(each.text.startswith(symbol) for each in client.complete(symbol))


def test_a_name_that_is_documented(client: Client, known: Mapping[str, str]) -> None:
    if "documentation" in known:
        assert client.lookup(known["documentation"].removeprefix(",doc "))


def test_what_is_interrupted(client: Client, subject: Subject, known: Mapping[str, str]) -> None:
    if "interrupt" in subject.supports:
        outcome = client.start(f"{subject.phrases.print}\n{known['forever']}")
        client.until(outcome, Output)
        client.interrupt(outcome)
        assert client.finish(outcome).done is not None
        assert client.value(known["value"]) == "42"


def test_a_value_larger_than_a_screen(client: Client, known: Mapping[str, str]) -> None:
    assert len(client.value(known["large"])) > 5_000


def test_what_prints_later(client: Client, subject: Subject, known: Mapping[str, str]) -> None:
    if "later" not in known or "busy" not in subject.supports:
        return
    if subject.dialect == "python":  # what other threads print stays with the program
        return
    outcome = client.evaluate(known["later"])
    assert outcome.failed is None

    def said() -> str:
        after = [each.text for each in (*client.late, *outcome.events) if isinstance(each, Output)]
        return "".join(after)

    assert client.link.run_until(lambda: "here I am" in said(), 20), said()
