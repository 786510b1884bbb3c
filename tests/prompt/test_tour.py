"""The tour: every step of it can be done as it says, on real programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guile.programs import GUILE, GuileProgram
from prompt.recording import RecordingFrontEnd, connected_to
from server.hosts import MODES, hosted

from repl_connect.languages import LANGUAGES, language_named
from repl_connect.languages.examples import EXAMPLES
from repl_connect.prompt.commands.tour_steps import STEPS


def steps_of(front_end: RecordingFrontEnd) -> list[str]:
    """What the whole tour says, a text for each step."""
    steps: list[str] = []
    while True:
        before = len(front_end.shown)
        front_end.type(",tour")
        text = front_end.shown[before:]
        if text.startswith("That was the tour."):
            return steps
        steps.append(text)


def test_the_tour_goes_on_with_each_tour_and_can_be_left_and_begun_again() -> None:
    front_end = RecordingFrontEnd(language=language_named("python"))
    steps = steps_of(front_end)
    assert steps[0].startswith(f"1 of {len(steps)}: a value\n")
    assert steps[-1].startswith(f"{len(steps)} of {len(steps)}: leaving\n")
    assert steps[-1].endswith(",tour ends.\n")
    front_end.type(",tour 2")
    front_end.type(",tour")
    assert f"3 of {len(steps)}" in front_end.shown
    front_end.type(",tour stop")
    front_end.type(",tour")
    assert front_end.shown.count(f"1 of {len(steps)}: a value") == 2
    front_end.type(",tour 99")
    assert front_end.problems[0].startswith(",tour goes on, ,tour 1 to ,tour")


def test_what_the_server_has_not_is_left_out() -> None:
    said = "".join(steps_of(RecordingFrontEnd(language=language_named("python"))))
    assert ",submit" not in said  # there is no server here
    assert ",sessions" not in said


def test_a_language_without_examples_has_a_tour_of_what_is_sure() -> None:
    steps = steps_of(RecordingFrontEnd())
    assert [step.split(": ")[1].split("\n")[0] for step in steps] == ["history", "leaving"]


@pytest.mark.parametrize("columns", [20, 80])
def test_the_tour_fits_the_terminal(columns: int) -> None:
    front_end = RecordingFrontEnd(language=language_named("python"))
    front_end.columns = columns
    said = "".join(steps_of(front_end)).splitlines()
    assert all(len(line) < columns for line in said if not line.startswith("    "))


@pytest.mark.parametrize("language", EXAMPLES)
def test_examples_are_complete_as_the_language_sees_it(language: str) -> None:
    assert language in LANGUAGES
    record = language_named(language)
    known = EXAMPLES[language]
    for key in ("value", "forever", "large", "later"):
        assert record.is_complete(known.get(key, ""))
    first = known["lines"].split("\n")[0]
    assert not record.is_complete(first)
    assert record.indent(first).strip() == "" != record.indent(first)
    assert "completion" not in known or record.symbol_before(known["completion"]) != ""
    assert {key for step in STEPS for key in step.examples} >= set(known)


@pytest.fixture(params=[*MODES, "guile"])
def user(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RecordingFrontEnd]:
    """Somebody at a real program of each kind."""
    if request.param != "guile":
        with hosted(request.param, str(tmp_path / "app.sock"), namespace={}) as server:
            front_end = connected_to(str(server.address))
            yield front_end
            assert front_end.link is not None
            front_end.link.close()
        return
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(tmp_path, cooperative=True)
    front_end = connected_to(program.address)
    yield front_end
    assert front_end.link is not None
    front_end.link.close()
    program.stop()


def test_what_the_tour_says_can_be_done(user: RecordingFrontEnd) -> None:
    known = EXAMPLES[user.language.name]
    session = user.link.session if user.link is not None else None
    assert session is not None
    assert user.value_of(known["value"]) == "42"
    assert user.value_of(known["lines"]) is not None
    assert len(user.value_of(known["large"])) > 20_000
    found: list[str] = []
    symbol = user.language.symbol_before(known["completion"])
    session.complete(
        known["completion"],
        symbol,
        lambda completions: found.extend(each.text for each in completions.candidates),
    )
    user.wait_until(lambda: found)
    if "later" in known:
        user.value_of(known["later"])
        user.wait_until(lambda: "here I am" in user.printed())
    user.evaluate(known["forever"])
    running = session.running[0]
    assert user.link is not None
    for _ in range(15):  # a Ctrl-C may come before it has begun
        session.interrupt(running)
        if user.link.run_until(lambda: running.done is not None, 1.0):
            break
    assert running.done is not None
    assert running.done.interrupted


def test_the_commands_of_the_tour_work(user: RecordingFrontEnd) -> None:
    known = EXAMPLES[user.language.name]
    said = "".join(steps_of(user))
    user.answer_to(known["documentation"])
    assert user.did == [known["documentation"].replace(",doc", "documentation")]
    if "job" in known:
        assert known["job"] in said
        user.type(known["job"])
        user.wait_for("finished")
        user.type(known["watch"])
        user.wait_for("[watch 1] ")
        user.answer_to(",unwatch 1")
    else:
        assert ",submit" not in said
