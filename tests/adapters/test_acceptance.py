"""The same demands on every REPL that is adapted, on real programs.

What a subject does not support is tested too: it says so, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from adapters.subject import FEATURES, Phrases, Subject
from driver import Client, Outcome

from repl_connect.errors import ConnectionLost
from repl_connect.session import NeedInput, Output


@pytest.fixture
def phrases(subject: Subject) -> Phrases:
    """What is said in its language."""
    return subject.phrases


def _supports(subject: Subject, feature: str) -> bool:
    assert feature in FEATURES
    return feature in subject.supports


def _asks(client: Client, op: str) -> bool:
    """Whether it says that it answers an op."""
    assert client.link.session.description is not None
    return op in client.link.session.description.ops


def _printed(outcome: Outcome) -> str:
    """Both streams, for those that mix them."""
    return outcome.out + outcome.err


def _completions(client: Client, phrases: Phrases) -> list[str]:
    return [candidate.text for candidate in client.complete(phrases.begun)]


def test_it_says_what_it_is(client: Client, subject: Subject) -> None:
    assert subject.greeting in (client.link.greeting or "")


def test_a_value(client: Client, phrases: Phrases) -> None:
    outcome = client.evaluate(phrases.sum)
    assert outcome.values == [phrases.forty_two]
    assert outcome.failed is None
    assert not _printed(outcome)


def test_many_forms(client: Client, phrases: Phrases) -> None:
    assert tuple(client.evaluate(phrases.forms).values) == phrases.values


def test_a_thousand_evaluations(client: Client, phrases: Phrases) -> None:
    outcomes = [client.start(phrases.sum) for _ in range(1000)]
    assert all(client.finish(outcome).values == [phrases.forty_two] for outcome in outcomes)


def test_output_comes_while_it_runs(
    client: Client, subject: Subject, phrases: Phrases, open_client: Callable[[], Client]
) -> None:
    assert client.evaluate(phrases.print).out == "hello\n"
    if not _supports(subject, "interrupt"):
        return
    outcome = client.start(phrases.slow)
    client.until(outcome, Output)
    assert "going" in outcome.out
    assert outcome.done is None
    client.interrupt(outcome)
    client.finish(outcome)


def test_standard_error(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not phrases.warn:
        return
    outcome = client.evaluate(phrases.warn)
    assert "beware" in (outcome.err if _supports(subject, "stderr") else _printed(outcome))


def test_an_error(client: Client, subject: Subject, phrases: Phrases) -> None:
    outcome = client.evaluate(phrases.fail)
    assert outcome.failed is not None
    assert phrases.error in outcome.err
    assert outcome.done is not None
    if _supports(subject, "frames"):
        assert any("broken" in frame.name for frame in outcome.failed.frames)
    assert client.value(phrases.sum) == phrases.forty_two


def test_an_unbalanced_form(client: Client, subject: Subject, phrases: Phrases) -> None:
    outcome = client.evaluate(phrases.unbalanced)
    assert outcome.failed is not None
    assert client.value(phrases.sum) == phrases.forty_two


def test_other_alphabets(client: Client, phrases: Phrases) -> None:
    assert client.value(phrases.text) == phrases.shown_text


def test_a_megabyte_of_output(client: Client, phrases: Phrases) -> None:
    outcome = client.evaluate(phrases.megabyte)
    assert outcome.failed is None
    assert outcome.out == ("x" * 51 + "\n") * 20_000


def test_input(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "input"):
        assert not _asks(client, "stdin")
        return
    outcome = client.start(phrases.ask)
    client.until(outcome, NeedInput)
    client.link.session.give_input("blue\n", outcome.evaluation)
    assert client.finish(outcome).values == [phrases.blue]
    assert client.value(phrases.sum) == phrases.forty_two


def test_end_of_input(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "input"):
        return
    outcome = client.start(phrases.ask)
    client.until(outcome, NeedInput)
    client.link.session.give_input("", outcome.evaluation)
    client.finish(outcome)
    assert client.value(phrases.sum) == phrases.forty_two


def test_interrupt(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "interrupt"):
        assert not _asks(client, "interrupt")
        return
    outcome = client.start(phrases.slow)
    client.until(outcome, Output)
    assert client.interrupt(outcome) is None
    done = client.finish(outcome).done
    assert done is not None
    assert "interrupted" in done.statuses
    assert client.value(phrases.sum) == phrases.forty_two


def test_a_namespace(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "namespace"):
        return
    name, code = phrases.elsewhere
    assert client.value(code, namespace=name) == phrases.forty_two
    refused = client.evaluate(code, namespace=phrases.missing)
    assert refused.done is not None
    assert "namespace-not-found" in refused.done.statuses
    assert client.value(phrases.sum) == phrases.forty_two


def test_a_file(client: Client, subject: Subject, phrases: Phrases, tmp_path: Path) -> None:
    if not _supports(subject, "load-file"):
        assert not _asks(client, "load-file")
        return
    path = str(tmp_path / "program.txt")
    outcome = client.evaluate(phrases.file, file=path, as_file=True)
    assert outcome.failed is not None
    assert phrases.error in outcome.err
    if _supports(subject, "frames"):
        places = [(frame.file, frame.line) for frame in outcome.failed.frames]
        assert any(file and "program.txt" in file and line in (3, 4, 5) for file, line in places)
    assert client.value(phrases.sum) == phrases.forty_two


def test_completion(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "completions"):
        assert not _asks(client, "completions")
        return
    assert phrases.completed in _completions(client, phrases)


def test_documentation(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "lookup"):
        assert not _asks(client, "lookup")
        return
    info = client.lookup(phrases.documented)
    assert phrases.documentation in f"{info.get('doc', '')} {info.get('arglists-str', '')}"
    assert client.lookup("no-such-name-anywhere") == {}


def test_completion_while_it_evaluates(client: Client, subject: Subject, phrases: Phrases) -> None:
    if not _supports(subject, "busy"):
        return
    outcome = client.start(phrases.slow)
    client.until(outcome, Output)
    assert phrases.completed in _completions(client, phrases)
    assert outcome.done is None
    client.interrupt(outcome)
    client.finish(outcome)


def test_a_second_client(
    client: Client, open_client: Callable[[], Client], subject: Subject, phrases: Phrases
) -> None:
    if not _supports(subject, "clients"):
        return
    client.evaluate(phrases.define)
    second = open_client()
    assert second.value(phrases.sum) == phrases.forty_two
    outcomes = [each.start(phrases.sum) for each in (client, second) for _ in range(20)]
    for outcome in outcomes[20:]:
        assert second.finish(outcome).values == [phrases.forty_two]
    for outcome in outcomes[:20]:
        assert client.finish(outcome).values == [phrases.forty_two]
    second.close()
    assert client.value(phrases.read) == "7"


def test_a_namespace_for_each_session(
    client: Client, open_client: Callable[[], Client], subject: Subject, phrases: Phrases
) -> None:
    if not _supports(subject, "sessions"):
        return
    second = open_client()
    before = second.link.session.namespace
    assert client.evaluate(phrases.enter).failed is None
    assert client.value(phrases.elsewhere[1]) == phrases.forty_two
    assert client.link.session.namespace != before
    assert second.value(phrases.sum) == phrases.forty_two
    assert second.link.session.namespace == before


def test_it_can_be_connected_to_again_and_again(
    open_client: Callable[[], Client], phrases: Phrases
) -> None:
    for _ in range(10):
        client = open_client()
        assert client.value(phrases.sum) == phrases.forty_two
        client.close()


def test_a_program_that_ends(subject: Subject, phrases: Phrases, tmp_path: Path) -> None:
    program = subject.start(tmp_path)
    try:
        with Client(program.address) as client:
            assert client.value(phrases.sum) == phrases.forty_two
            outcome = client.start(phrases.slow)
            client.until(outcome, Output)
            program.stop()
            with pytest.raises(ConnectionLost):
                client.link.run_until(lambda: False, 30)
            assert outcome.done is not None
            assert "lost" in outcome.done.statuses
    finally:
        program.stop()
