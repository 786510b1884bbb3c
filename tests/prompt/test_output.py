"""Output above the line being typed: nothing torn, nothing lost, in order."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import termios
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt.conftest import StartPrompt, StartServer
from prompt_toolkit.data_structures import Size

from repl_connect.escapes import Sanitiser
from repl_connect.prompt.showing.terminal_output import TerminalOutput

LARGE = "0123456789" * 10_000


class Screen:
    """The other end of a pseudo terminal, read by a thread until the terminal is closed."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.data = b""
        self._reader = threading.Thread(target=self._read)

    def start(self) -> None:
        self._reader.start()

    def close(self) -> bytes:
        """Everything that was written."""
        os.close(self.slave)
        self._reader.join()
        return self.data

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 65536):
                self.data += data
        os.close(self.master)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def output_on(screen: Screen) -> TerminalOutput:
    stream = os.fdopen(os.dup(screen.slave), "w", encoding="utf-8")
    return TerminalOutput(stream, lambda: Size(rows=24, columns=80), "xterm")


def test_a_large_piece_and_what_follows_it_stay_in_order(screen: Screen) -> None:
    output = output_on(screen)
    screen.start()
    for number in range(5):
        with output.gathered():
            output.write_raw(f"<{number}>")
            output.flush()
            output.write_raw(LARGE)
        output.write_raw(f"[{number}]")
        output.flush()
    output.drain()
    output.stdout.close()
    expected = "".join(f"<{number}>{LARGE}[{number}]" for number in range(5))
    assert screen.close().decode() == expected


def test_text_has_the_returns_that_its_newlines_lack(screen: Screen) -> None:
    output = output_on(screen)
    screen.start()
    with output.gathered():
        output.write("…")
        output.write_text("one é\ntwo\n" * 10_000)
        output.write_raw("end\n")
    output.drain()
    output.stdout.close()
    assert screen.close().decode() == "…" + "one é\r\ntwo\r\n" * 10_000 + "end\n"


def test_writing_a_large_piece_does_not_wait_for_the_terminal(screen: Screen) -> None:
    output = output_on(screen)
    with output.gathered():  # nobody reads: this would never end
        output.write_raw(LARGE)
    screen.start()
    output.drain()
    output.stdout.close()
    assert screen.close().decode() == LARGE


def test_the_terminals_modes_are_as_before_when_all_is_written(screen: Screen) -> None:
    output = output_on(screen)
    before = termios.tcgetattr(screen.slave)
    assert before[1] & termios.OPOST
    screen.start()
    with output.gathered():
        output.write_raw(LARGE)
    output.drain()
    assert termios.tcgetattr(screen.slave) == before
    output.stdout.close()
    screen.close()


def test_a_terminal_that_is_gone_is_an_error_where_it_is_waited_for(screen: Screen) -> None:
    output = output_on(screen)
    os.close(screen.master)
    with output.gathered():
        output.write_raw(LARGE)
    with pytest.raises(OSError, match="Input/output error"):
        output.drain()
    output.drain()
    os.close(screen.slave)


TEXT = st.text(st.sampled_from("ab\n\t é\x1b[m31;\r\x07\x9b\x90\\]"), max_size=40)


@given(TEXT)
def test_plain_text_passes_and_no_other_control_does(text: str) -> None:
    sanitiser = Sanitiser()
    clean = sanitiser.clean(text)
    without = re.sub(r"\x1b\[[0-9;:]*m", "", clean)
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", without) is None
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text) is None:
        assert clean == text


@given(TEXT, TEXT)
def test_where_a_chunk_ends_makes_no_difference(first: str, second: str) -> None:
    whole, cut = Sanitiser(), Sanitiser()
    at_once = whole.clean(first + second)
    in_two = cut.clean(first) + cut.clean(second)
    assert at_once == in_two
    assert whole.sgr == cut.sgr


def test_colours_go_on_in_the_next_chunk_and_end_with_the_evaluation(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt()
    terminal.enter(r'(say "\u001b[31mred one\nred" " two\nred three\n" "\u001b[0mplain\n")')
    terminal.wait_for_line("plain")
    terminal.enter(r'(say "\u001b[32mgreen\n")')
    terminal.wait_for_line("green")
    terminal.enter(r'(say "after\n")')
    terminal.wait_for_line("after")
    for text, colour in (
        ("red one", "red"),
        ("red two", "red"),
        ("two", "red"),
        ("red three", "red"),
        ("plain", "default"),
        ("green", "green"),
        ("after", "default"),
    ):
        assert terminal.colour_of(text) == colour, text


def test_streams_and_values_are_told_apart(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(r'(warn "a warning\n")')
    terminal.wait_for_line("a warning")
    terminal.enter(r'(later "from behind\n")')
    terminal.wait_for_line("[bg] from behind")
    terminal.enter(r'(say "printed\n")')
    terminal.wait_for_line("printed")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    assert terminal.colour_of("a warning") == "red"
    assert terminal.colour_of("printed") == "default"
    assert terminal.colour_of("$") != terminal.colour_of("printed")


def test_no_line_is_torn_while_one_types_beside_a_flood(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt(start_server())
    terminal.send("(lines 200000)\r")
    raw = b""
    for letter in "(add 20 22)":  # one key for some output, and not drawn: that would take longer
        raw += terminal.child.read_nonblocking(1 << 20, 20)
        terminal.send(letter)
    while b"finished" not in raw[-2000:]:
        raw += terminal.child.read_nonblocking(1 << 20, 20)
    lines = [int(number) for number in re.findall(rb"line (\d+)\r+\n", raw)]
    assert lines == list(range(200_000))
    terminal.press("enter")
    terminal.wait_for_line("$2 = 42")


def test_the_prompt_is_there_once_after_a_flood(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=120)
    terminal.send("(lines 40000)\r(add 20")
    terminal.wait_for("finished", 60)
    terminal.wait_for_current("(guile-user)> (add 20")
    shown = terminal.all_text.split("\n")
    end = shown.index("$1 = finished")
    numbers = [int(line.removeprefix("line ")) for line in shown[:end] if line.startswith("line ")]
    assert numbers == list(range(numbers[0], 40_000))
    others = [line for line in shown[:end] if not line.startswith("line ")]
    assert others == [] or others[-1] == "(guile-user)> (lines 40000)"
    assert sum("(add 20" in line for line in shown) == 1


def test_a_question_after_a_flood_is_shown(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send('(lines 4000)\r(ask "really? ")\r')
    terminal.wait_for_line("really?", 60)
    terminal.enter("yes")
    terminal.wait_for_line("$2 = 'yes\\n'")
