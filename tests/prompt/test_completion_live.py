"""Completion and signatures from a real Python program, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server.hosts import hosted
from terminal import Terminal

PROMPT = "__main__>"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    address = str(tmp_path / "app.sock")
    with (
        hosted("threads", address, namespace={"pets": {"cat": 1, "cow": 2}}),
        Terminal(
            [sys.executable, "-m", "repl_connect", address],
            environment={
                "XDG_STATE_HOME": str(tmp_path / "state"),
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
                "PYTHONPATH": ":".join(path for path in sys.path if path),
                "PAGER": "cat",
            },
        ) as opened,
    ):
        opened.wait_for_current(PROMPT)
        yield opened


def marked(terminal: Terminal) -> str:
    """What is underlined below what is typed."""
    rows = range(terminal.cursor[0] + 1, terminal.screen.lines)
    cells = (terminal.screen.buffer[row][column] for row in rows for column in range(80))
    return "".join(cell.data for cell in cells if cell.underscore)


def test_keys_attributes_arguments_and_modules(terminal: Terminal) -> None:
    terminal.send("pets['c")
    terminal.wait_until(lambda: "'cat'" in terminal.text and "'cow'" in terminal.text)
    terminal.press("ctrl-k", "ctrl-u")
    terminal.send("pets.val")
    terminal.wait_for("values")
    terminal.press("tab")
    terminal.wait_for_current("__main__> pets.values")
    terminal.press("ctrl-k", "ctrl-u")
    terminal.send("sorted(pets, rev")
    terminal.wait_for("reverse=")
    terminal.press("ctrl-k", "ctrl-u")
    terminal.send("import text")
    terminal.wait_for("textwrap")


def test_more_of_a_name_refines_what_is_shown(terminal: Terminal) -> None:
    terminal.send("g")
    terminal.wait_for("globals")
    terminal.send("tt")
    terminal.wait_until(lambda: "getattr" in terminal.text and "globals" not in terminal.text)


def test_the_argument_one_is_at_is_marked(terminal: Terminal) -> None:
    terminal.enter("def mix(first, second=2, *others, colour='red'): pass")
    terminal.press("enter")
    terminal.wait_for_current(PROMPT)
    terminal.send("mix(1, ")
    terminal.wait_until(lambda: marked(terminal) == "second=2")
    terminal.send("2, 3, 4, ")
    terminal.wait_until(lambda: marked(terminal) == "*others")
    terminal.send("colour=")
    terminal.wait_until(lambda: marked(terminal) == "colour='red'")


def test_a_new_definition_has_its_own_signature(terminal: Terminal) -> None:
    terminal.enter("def mix(first): pass")
    terminal.press("enter")
    terminal.wait_for_current(PROMPT)
    terminal.send("mix(")
    terminal.wait_for("mix(first)")
    terminal.press("ctrl-k", "ctrl-u")
    terminal.enter("mix = lambda other: other")
    terminal.wait_for_current(PROMPT)
    terminal.send("mix(")
    terminal.wait_for("mix(other)")


def test_while_the_program_computes(terminal: Terminal) -> None:
    terminal.enter("import time; time.sleep(60)")
    terminal.wait_for_current(PROMPT)
    terminal.send("sorted(pets, ke")
    terminal.wait_for("key=")
    terminal.wait_for("sorted(iterable, /, *, key=None, reverse=False)")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    terminal.wait_until(lambda: terminal.current.startswith("__main__> sorted(pets, ke"))


def test_source_at_a_key_and_by_a_command(terminal: Terminal) -> None:
    terminal.enter("def mix(first): return first + 'mixed'")
    terminal.press("enter")
    terminal.enter("'defined'")  # names are looked up beside what runs
    terminal.wait_for_line("'defined'")
    terminal.wait_for_current(PROMPT)
    terminal.press("ctrl-l")
    terminal.send("mix(1)")
    terminal.press("f3")
    terminal.wait_for_line("def mix(first): return first + 'mixed'")
    terminal.press("escape")
    terminal.wait_until(lambda: "mixed" not in terminal.text)
    terminal.press("ctrl-k", "ctrl-u")
    terminal.enter(",source mix")
    terminal.wait_for_line("def mix(first): return first + 'mixed'")
    assert terminal.colour_of("def mix") == "blue"
