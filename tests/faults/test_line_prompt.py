"""The prompt on a terminal, and the line to a Python server fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from faults.between import Between, Delayed, Drops, Split, Stalls
from faults.watched import Watched
from proofs import Prove
from terminal import Terminal

from repl_server.wire import encode

Line = Callable[..., Between]
ON = "prompt, Python server"
PROMPT = "__main__>"
NOBODY = encode({"id": "nobody", "value": "x" * 1000, "status": ["done"]})


@pytest.fixture
def line(app: Watched, between: Line) -> Between:
    """From the prompt to the server."""
    return between(app.address)


@pytest.fixture
def terminal(line: Between) -> Iterator[Terminal]:
    """The prompt at its end."""
    with Terminal(
        [sys.executable, "-m", "repl_connect", line.address],
        environment={"REPL_CONNECT_CONFIG": "/dev/null"},
        columns=120,
    ) as opened:
        opened.wait_for_current(PROMPT)
        yield opened
        opened.press("ctrl-d")  # a session of who is lost would be kept for a while
        assert opened.wait_exit() == 0
        assert "Traceback" not in opened.all_text


def evaluates(terminal: Terminal, app: Watched, word: str) -> None:
    """It is evaluated, and shown."""
    terminal.wait_for_current(PROMPT)
    terminal.enter(app.code(word))
    terminal.wait_for_line(f"'{word}'")
    assert app.times(word) == 1


def test_late_and_in_pieces(app: Watched, line: Between, terminal: Terminal, proof: Prove) -> None:
    line.fail(Split(), Split())
    evaluates(terminal, app, "in pieces")
    proof("every byte alone, both ways", ON, "output and value are shown; it ran once")
    line.fail(Delayed(0.1), Delayed(0.1))
    evaluates(terminal, app, "late")
    proof("each piece comes 100 ms late, both ways", ON, "output and value are shown; it ran once")
    line.fail()
    evaluates(terminal, app, "as it is")  # what came late has come
    line.say(NOBODY * 4000)
    evaluates(terminal, app, "after the flood")
    proof("4 MB of messages that nobody asked for", ON, "nothing is shown of them; it goes on")


def test_dropped_while_it_runs(
    app: Watched, line: Between, terminal: Terminal, proof: Prove
) -> None:
    terminal.enter(app.code("dropped") + "; import time; time.sleep(1000)")
    terminal.wait_for_line("printed ✓")
    line.cut()
    terminal.wait_for("An evaluation was under way: how it ended is not known.")
    terminal.wait_for("The session goes on:")
    evaluates(terminal, app, "connected again")
    assert app.times("dropped") == 1
    proof(
        "the connection is dropped while an evaluation runs",
        ON,
        "it says that how it ended is not known, connects again, and does not send it again",
    )
    line.fail(Drops(100), times=0)  # in the middle of the answer; new connections are as they were
    terminal.enter(app.code("half an answer"))
    terminal.wait_until(lambda: terminal.unwrapped.count("how it ended is not known") == 2)
    terminal.wait_until(lambda: terminal.all_text.count("The session goes on:") == 2)
    evaluates(terminal, app, "connected once more")
    assert app.times("half an answer") == 1
    proof(
        "the connection is dropped in the middle of an answer",
        ON,
        "it says that how it ended is not known, connects again, and does not send it again",
    )


def test_garbage_while_it_waits(
    app: Watched, line: Between, terminal: Terminal, proof: Prove
) -> None:
    terminal.send("40 + 2")
    terminal.wait_for_current(f"{PROMPT} 40 + 2")
    line.say(b"\x1b[2J\x1b]0;title\x07garbage" * 1000)
    terminal.wait_for("the other side sent what is no answer")
    terminal.wait_for("The session goes on:")
    terminal.wait_for_current(f"{PROMPT} 40 + 2")
    assert b"\x1b]0;title" not in terminal.raw
    terminal.press("enter")
    terminal.wait_for_line("42")
    proof(
        "garbage with escape sequences while a line is typed",
        ON,
        "it says so and connects again; the line is kept; the terminal gets no escape of it",
    )


def test_stalled(app: Watched, line: Between, terminal: Terminal, proof: Prove) -> None:
    line.fail(Stalls())
    terminal.enter(app.code("stalled"))
    app.wait_begun("stalled")
    line.wait_struck()
    terminal.press("ctrl-c")
    terminal.press("ctrl-c")
    terminal.wait_for("It was asked to stop already; asking again. ,quit leaves it.")
    line.go_on()
    terminal.wait_for_line("'stalled'")
    evaluates(terminal, app, "goes on")
    assert app.times("stalled") == 1
    proof(
        "nothing arrives any more while an evaluation runs; then it does",
        ON,
        "Ctrl-C says what can be done; later all arrives; it ran once",
    )
