"""What the prompt does in every language it connects to, as far as the language allows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from driver import LONG, Client
from everywhere.conftest import Program
from line import Line
from terminal import Terminal

from repl_connect.session import Event, Value


def test_values(program: Program, terminal: Terminal) -> None:
    terminal.enter(program.words.sum)
    terminal.wait_for_line(program.words.value)
    terminal.wait_for_current(program.words.prompt)


def test_what_one_client_defines_another_sees(
    program: Program, open_prompt: Callable[..., Terminal]
) -> None:
    words = program.words
    first, second = open_prompt(), open_prompt()
    first.enter(words.define)
    first.wait_quiet()
    second.enter(words.read)
    second.wait_until(lambda: any(line.endswith("7") for line in second.lines), "the value 7")


def test_a_definition_of_several_lines(program: Program, terminal: Terminal) -> None:
    words = program.words
    for line in words.lines[:-1]:
        terminal.send(line)
        terminal.press("ctrl-j")
    terminal.send(words.lines[-1])
    terminal.press("alt-enter")
    terminal.wait_for_current(words.prompt)
    terminal.enter(words.twice)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")


def test_enter_goes_on_where_a_form_is_not_finished(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.paste(words.incomplete)  # what is pasted is not closed by itself
    terminal.press("enter")
    terminal.wait_until(lambda: terminal.current.lstrip().startswith("..."), "a second line")
    terminal.enter(words.rest)
    terminal.wait_until(
        lambda: any(line.endswith(words.finished) for line in terminal.lines), words.finished
    )


def test_output_and_errors_are_told_apart(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.enter(words.print)
    terminal.wait_for_line("hello")
    terminal.enter(words.warn)
    terminal.wait_for_line("beware")
    assert terminal.colour_of("hello") == "default"
    assert terminal.colour_of("beware") == "red"


def test_an_error_is_shown_and_over(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.enter(words.fail)
    terminal.wait_for(words.error)
    terminal.wait_for_current(words.prompt)
    terminal.enter(words.sum)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")


def test_ctrl_c_interrupts_and_the_session_goes_on(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.paste(words.forever)
    terminal.press("alt-enter")
    terminal.wait_for_line("going")
    terminal.press("ctrl-c")
    terminal.wait_for("interrupted")
    terminal.wait_for_current(words.prompt)
    terminal.enter(words.sum)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")


def test_typing_goes_on_while_something_runs(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.paste(words.forever)
    terminal.press("alt-enter")
    terminal.wait_for_line("going")
    terminal.paste(words.sum)
    terminal.wait_until(lambda: terminal.current.endswith(words.sum), "what was typed")
    terminal.press("enter")
    terminal.press("ctrl-c")
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")


def test_the_program_asks_for_input(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.enter(words.ask)
    terminal.wait_for_current("input>")
    terminal.enter("blue")
    terminal.wait_until(lambda: any(line.endswith(words.asked) for line in terminal.lines), "blue")
    terminal.wait_for_current(words.prompt)


def test_a_large_value_is_cut_and_saved_whole(
    program: Program, tmp_path: Path, open_prompt: Callable[..., Terminal]
) -> None:
    terminal = open_prompt(columns=60, rows=12)
    terminal.enter(program.words.many)
    terminal.wait_for(",more")
    terminal.enter(f",save {tmp_path}/value")
    terminal.wait_for("characters are in")
    saved = (tmp_path / "value").read_text().replace(",", "").split()
    assert [int(item.strip("[()]")) for item in saved] == list(range(1000))


def test_completion_from_the_program(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.send(words.begun)
    terminal.press("tab")
    terminal.wait_until(lambda: terminal.text.count(words.completed) > 0, words.completed)


def test_documentation(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.enter(f",doc {words.documented}")
    terminal.wait_for(words.documentation)
    terminal.wait_for_current(words.prompt)


def test_documentation_on_a_key(program: Program, terminal: Terminal) -> None:
    words = program.words
    terminal.send(words.documented)
    terminal.press("f1")
    terminal.wait_for(words.documentation)


def test_another_namespace(program: Program, terminal: Terminal) -> None:
    name, prompt, code = program.words.elsewhere
    terminal.enter(program.words.sum)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")
    if program.kind == "clojure":
        terminal.enter("(require 'clojure.string)")
        terminal.wait_for_line("nil")
    if program.kind in ("threads", "cooperative"):
        terminal.enter("import colorsys")
    terminal.enter(f",in {name}" if program.kind != "guile" else f",ns {name}")
    terminal.wait_for_current(prompt)
    terminal.enter(code)
    terminal.wait_until(
        lambda: any(line.split("> ")[-1].endswith("3") for line in terminal.lines), "3"
    )
    terminal.wait_for_current(prompt)


def test_a_namespace_that_is_not_there(program: Program, terminal: Terminal) -> None:
    terminal.enter(",ns no.such.namespace")
    terminal.enter(program.words.sum)
    terminal.wait_for(program.words.missing)
    terminal.wait_for_current(program.words.prompt)


def test_where_one_was_is_gone_back_to(program: Program, terminal: Terminal) -> None:
    name, prompt, code = program.words.elsewhere
    if program.kind == "clojure":
        terminal.enter("(require 'clojure.string)")
        terminal.wait_for_line("nil")
    if program.kind in ("threads", "cooperative"):
        terminal.enter("import colorsys")
    terminal.enter(f",ns {name}")
    terminal.wait_for_current(prompt)
    terminal.enter(code)
    terminal.wait_until(
        lambda: any(line.split("> ")[-1].endswith("3") for line in terminal.lines), "3"
    )
    terminal.enter(",ns no.such.namespace")
    terminal.enter(program.words.sum)
    terminal.wait_for(program.words.missing)
    terminal.wait_for_current(prompt)


def test_history_of_an_earlier_client(
    program: Program, open_prompt: Callable[..., Terminal]
) -> None:
    first = open_prompt()
    first.enter(program.words.sum)
    first.wait_until(lambda: any(line.endswith("42") for line in first.lines), "42")
    first.child.close(force=True)
    second = open_prompt()
    second.press("up")
    second.wait_for_current(f"{program.words.prompt} {program.words.sum}")


def test_twenty_columns(program: Program, open_prompt: Callable[..., Terminal]) -> None:
    terminal = open_prompt(columns=20)
    terminal.enter(program.words.sum)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")
    terminal.wait_for_current(program.words.prompt)


def test_leaving(program: Program, terminal: Terminal) -> None:
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0


def test_the_connection_is_cut_while_one_types(program: Program, tmp_path: Path) -> None:
    words = program.words
    line = Line(tmp_path / "line", program.address)
    command = [sys.executable, "-m", "repl_connect", str(line.path)]
    if program.kind == "guile":  # nobody can tell from the line that Guile is behind it
        command += ["--dialect", "guile"]
    environment = {"XDG_STATE_HOME": str(tmp_path), "REPL_CONNECT_CONFIG": "/dev/null"}
    with Terminal(command, environment=environment, timeout=30) as terminal:
        terminal.wait_for_current(words.prompt)
        terminal.enter(words.define)
        terminal.wait_quiet()
        terminal.paste(words.read)
        typed = f"{words.prompt} {words.read}"  # the rest of an entry may be suggested behind it
        terminal.wait_until(lambda: terminal.current.startswith(typed), typed)
        line.cut()
        kept = program.kind != "guile"  # a plain REPL's session goes with its connection
        terminal.wait_for("The session goes on:" if kept else "A new session:")
        terminal.wait_until(lambda: terminal.current.startswith(typed), typed)
        terminal.press("enter")
        terminal.wait_until(lambda: any(row.endswith("7") for row in terminal.lines), "7")
    line.close()


def test_what_is_sent_together_is_evaluated_in_order(program: Program) -> None:
    """Clojure's nREPL, left to itself, evaluates it in any order."""
    values = [str(number) for number in range(1000, 1100)]
    shown: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Value):
            shown.append(event.text)

    with Client(program.address) as client:
        for value in values:
            client.link.session.evaluate(value, note)
        assert client.link.run_until(lambda: len(shown) == len(values), LONG), shown
    assert shown == values
