"""The prompt on a real pseudo terminal."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from prompt.conftest import StartPrompt, StartServer
from terminal import Terminal

PROMPT = "(guile-user)>"


def test_values_have_their_labels(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.wait_for("Toy 1.0 at ")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.enter("(add 3 4)")
    terminal.wait_for_line("$2 = 7")
    terminal.wait_for_current(PROMPT)


def test_prompts_of_other_languages(start_prompt: StartPrompt, start_server: StartServer) -> None:
    python = start_prompt(start_server("python"), prompt="__main__>")
    python.enter("add(1, 2)")
    python.wait_for_line("3")
    clojure = start_prompt(start_server("clojure"), prompt="user=>")
    clojure.enter("(add 1 2)")
    clojure.wait_for_line("3")
    text = start_prompt(start_server("gopher"), prompt=">")
    text.enter("(hello")
    text.wait_for_line("echo (hello")


def test_enter_on_an_incomplete_form_starts_an_indented_line(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(define (f x)")
    terminal.wait_for("          ...")
    terminal.send("(add x 1))")
    terminal.wait_for_current("          ...   (add x 1))")
    terminal.press("enter")
    terminal.wait_for("$1 = echo (define (f x)")
    assert "(guile-user)> (define (f x)\n          ...   (add x 1))" in terminal.text


def test_alt_enter_sends_as_it_is_and_ctrl_j_starts_a_line(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(add 1")
    terminal.press("alt-enter")
    terminal.wait_for_line("$1 = 1")
    terminal.send("(add 4 5)")
    terminal.press("ctrl-j")
    terminal.wait_for_current("          ...")
    terminal.press("enter")
    terminal.wait_for_line("$2 = 9")


def test_pasted_text_is_kept_and_not_sent(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt="__main__>")
    terminal.paste("def f():\n\n    return 1\n\nadd(1, 2)\n")
    terminal.wait_until(lambda: "... add(1, 2)" in terminal.text)
    terminal.wait_quiet(0.2)
    assert server.toy.evaluated == []
    terminal.press("alt-enter")
    terminal.wait_until(lambda: server.toy.evaluated)
    assert server.toy.evaluated == ["def f():\n\n    return 1\n\nadd(1, 2)"]


def test_typing_ahead_of_the_prompt(start_prompt: StartPrompt, start_server: StartServer) -> None:
    server = start_server()
    terminal = start_prompt(server)
    terminal.send("(add 1 1)\r(add 2 2)\r(typed")
    terminal.wait_for_line("$2 = 4")
    terminal.wait_for_current("(guile-user)> (typed")
    assert server.toy.evaluated == ["(add 1 1)", "(add 2 2)"]


def test_output_leaves_the_line_being_typed_alone(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(tick 20)")
    terminal.wait_for_line("tick 2")
    terminal.send("(add 1 ")
    terminal.wait_for_line("tick 9")
    terminal.wait_for_current("(guile-user)> (add 1")
    terminal.send("41)")
    terminal.wait_for_line("tick 19")
    terminal.wait_for_current("(guile-user)> (add 1 41)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 42")
    ticks = [line for line in terminal.all_text.split("\n") if line.startswith("tick")]
    assert ticks == [f"tick {number}" for number in range(20)]


def test_forms_queue_while_one_runs(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(tick 10)")
    terminal.enter("(add 1 1)")
    terminal.enter("(add 2 2)")
    terminal.wait_for_line("$2 = 4")
    text = terminal.text
    assert text.index("tick 9") < text.index("$1 = 2") < text.index("$2 = 4")


def test_a_line_printed_in_parts_stays_one_line(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter('(say "loading" "...")')
    terminal.wait_for_line("loading...")
    terminal.wait_for_current(PROMPT)
    terminal.enter('(ask "first, ")')
    terminal.wait_for_current("input>")
    terminal.enter("x")
    terminal.wait_for("$1 = ")
    assert terminal.text.count("loading...") == 1


def test_escapes_of_the_program_stay_harmless(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(say ")
    evil = r"\u001b[2J\u001b[1;1H\u001b]0;owned\u0007\u001b[31mred\u001b[10Aend\n"
    terminal.enter(f'"{evil}")')
    terminal.wait_for_line("redend")
    terminal.wait_for_current(PROMPT)
    terminal.wait_for("Toy 1.0 at ")
    assert terminal.colour_of("redend") == "red"
    assert b"owned\x07" not in terminal.raw
    assert terminal.screen.title == ""
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    assert terminal.colour_of("3") != "red"


def test_errors_are_shown_in_their_own_colour(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(boom)")
    terminal.wait_for_line("ZeroDivisionError: boom!")
    terminal.wait_for_current(PROMPT)
    assert terminal.colour_of("ZeroDivisionError") == "red"


def test_late_output_is_marked(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(r'(later "one\ntwo\n" "thr" "ee\n")')
    terminal.send("(add")
    terminal.wait_for_line("[bg] one")
    terminal.wait_for_line("[bg] two")
    terminal.wait_for_line("[bg] three")
    terminal.wait_for_current("(guile-user)> (add")


def test_ctrl_c_interrupts_then_clears_then_says_how_to_leave(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(wait)")
    terminal.wait_for_line("waiting")
    terminal.send("(typed")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    terminal.wait_for_current("(guile-user)> (typed")
    terminal.press("ctrl-c")
    terminal.wait_for_current(PROMPT)
    terminal.press("ctrl-c")
    terminal.wait_for("Ctrl-D or ,quit leaves")


def test_ctrl_c_says_why_it_can_not_interrupt(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(stubborn 1)")
    terminal.wait_for_current(PROMPT)
    terminal.press("ctrl-c")
    terminal.wait_for_line("It is in C code.")


def test_ctrl_d_leaves(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0


def test_quit_leaves(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(",q")
    assert terminal.wait_exit() == 0


def test_input_is_asked_for(start_prompt: StartPrompt, tmp_path: Path) -> None:
    terminal = start_prompt()
    terminal.send('(ask "Name? ")\r(half')
    terminal.wait_for_current("input>")
    assert "Name?" in terminal.text
    terminal.enter("secret name")
    terminal.wait_for_line("$1 = 'secret name\\n'")
    terminal.wait_for_current("(guile-user)> (half")
    terminal.press("ctrl-c")
    terminal.enter('(ask "Again? ")')
    terminal.wait_for_current("input>")
    terminal.press("enter")
    terminal.wait_for_line("$2 = '\\n'")
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0
    kept = (tmp_path / "state/repl-connect/history/guile").read_text()
    assert "Again" in kept
    assert "secret name" not in kept


def test_input_can_end_or_be_cancelled(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter('(ask "Name? ")')
    terminal.wait_for_current("input>")
    terminal.press("ctrl-d")
    terminal.wait_for_line("$1 = ''")
    terminal.enter('(ask "Name? ")')
    terminal.wait_for_current("input>")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    terminal.wait_for_current(PROMPT)


def test_completion(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(ad\t")
    terminal.wait_for_current("(guile-user)> (add")
    terminal.wait_for("add-all")
    terminal.wait_for("function")
    terminal.send("re\t")
    terminal.wait_for_current("(guile-user)> (address")


def test_escape_closes_the_completions(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(add")
    terminal.wait_for("add-all")
    terminal.wait_for("Esc closes")
    terminal.press("tab", "tab")
    terminal.wait_for_current("(guile-user)> (add-all")
    terminal.press("escape")
    terminal.wait_for_current("(guile-user)> (add")
    terminal.wait_until(lambda: "add-all" not in terminal.text)
    terminal.send(" 1 2)\r")
    terminal.wait_for_line("$1 = 3")


def test_a_slow_completion_never_blocks_keys(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(slow\t 1 2")
    terminal.wait_for_current("(guile-user)> (slow 1 2")
    terminal.press("ctrl-c")
    terminal.send("(slow\t")
    terminal.wait_quiet(1.0)
    assert terminal.current == "(guile-user)> (slow"
    assert "slow-completion" not in terminal.text


def test_documentation(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(",doc add")
    terminal.wait_for("(add a b)")
    terminal.wait_for("/toy/math.scm:12")
    terminal.enter(",doc nothing")
    terminal.wait_for("Nothing is known about nothing")
    terminal.send("(add 1 2")
    terminal.press("ctrl-l", "f1")
    terminal.wait_for("And no more.")
    terminal.wait_for_current("(guile-user)> (add 1 2")


def test_commands(start_prompt: StartPrompt, start_server: StartServer) -> None:
    guile = start_server()
    terminal = start_prompt(guile, rows=40)
    terminal.enter(",help")
    terminal.wait_for("Guile's own commands")
    terminal.enter(",bt")
    terminal.wait_for("$1 = echo ,bt")
    terminal.enter(",help all")
    terminal.wait_for("$2 = echo ,help all")
    assert guile.toy.evaluated == [",bt", ",help all"]
    python = start_server("python")
    terminal = start_prompt(python, prompt="__main__>")
    terminal.enter(",bt")
    terminal.wait_for("There is no command ,bt. ,help")
    assert python.toy.evaluated == []


def test_namespace_command(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(",ns (game)")
    terminal.wait_for_current("(game)>")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.wait_for_current("(game)>")
    terminal.enter(",ns missing")
    terminal.wait_for_current("missing>")
    terminal.enter("(add 1 2)")
    terminal.wait_for("There is no such namespace there.")
    terminal.wait_for_current("(game)>")  # where one was


def test_long_values_are_cut(start_prompt: StartPrompt, tmp_path: Path) -> None:
    terminal = start_prompt()
    terminal.enter("(tall 200)")
    terminal.wait_for("more characters in 12")
    terminal.enter(",more")
    terminal.wait_for_line("item 140")
    terminal.enter(",more")
    terminal.enter(",more")
    terminal.wait_for_line("item 199")
    terminal.wait_for("There is no more of the last value.")
    terminal.enter(f",save {tmp_path}/value")
    terminal.wait_for("characters are in")
    saved = (tmp_path / "value").read_text()
    assert saved == "\n".join(f"item {number}" for number in range(200)) + "\n"
    terminal.enter(f",save {tmp_path}/no/value")
    terminal.wait_for("No such file or directory")


def test_values_cut_by_the_other_side(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(big 2000000)")
    terminal.wait_for("sent only the beginning")
    terminal.wait_for_current(PROMPT)


def test_leaving_without_a_connection(start_prompt: StartPrompt, start_server: StartServer) -> None:
    server = start_server()
    terminal = start_prompt(server)
    server.stop()
    terminal.wait_for("Connecting again")
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 3


def test_history(start_prompt: StartPrompt, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    first = start_prompt(server)
    first.enter("(add 1")
    first.enter("2)")
    first.wait_for_line("$1 = 3")
    first.enter(" (add 40 2)")
    first.wait_for_line("$2 = 42")
    second = start_prompt(server)
    second.enter("(add 5 5)")
    second.wait_for_line("$1 = 10")
    first.press("ctrl-d")
    assert first.wait_exit() == 0
    second.child.close(force=True)  # appended at once: nothing is lost
    third = start_prompt(server)
    third.press("up")
    third.wait_for_current("(guile-user)> (add 5 5)")
    third.press("up")
    third.wait_for_current("          ...      2)")
    third.press("ctrl-c", "ctrl-r")
    third.send("add 1")
    third.wait_for("I-search")
    third.press("enter", "enter")
    third.wait_for_line("$1 = 3")
    third.send("(add 5")
    third.wait_for("(add 5 5)")  # the suggestion
    third.press("right", "enter")
    third.wait_for_line("$2 = 10")
    assert "40 2" not in (tmp_path / "state/repl-connect/history/guile").read_text()


def test_a_damaged_history_costs_its_damage_only(start_prompt: StartPrompt, tmp_path: Path) -> None:
    path = tmp_path / "state/repl-connect/history/guile"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\n# ok\n+(add 1 1)\n\0\xff\xfe garbage\n+\xff\xfe\n# half\n+(add 2 2)")
    terminal = start_prompt()
    terminal.press("up")
    terminal.wait_for_current("(guile-user)> (add 2 2)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 4")


def test_a_history_that_can_not_be_written(start_prompt: StartPrompt, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a directory")
    terminal = start_prompt()
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.wait_for("can't be kept")


def test_resizing(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(add 1 2 3 4 5 6 7 8 9")
    terminal.wait_for_current("(guile-user)> (add 1 2 3 4 5 6 7 8 9")
    terminal.resize(30, 10)
    terminal.wait_until(lambda: "(add 1 2 3 4 5 6" in terminal.text)
    terminal.resize(100, 30)
    terminal.enter(")")
    terminal.wait_for_line("$1 = 45")


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_colour(start_prompt: StartPrompt, environment: dict[str, str | None]) -> None:
    terminal = start_prompt(environment=environment)
    terminal.enter(r'(say "\u001b[31mred\u001b[0m\n")')
    terminal.wait_for_line("red")
    terminal.enter("(boom)")
    terminal.wait_for("ZeroDivisionError")
    terminal.wait_quiet()
    coloured = re.search(rb"\x1b\[[0-9;]*[349][0-9][0-9;]*m", bytes(terminal.raw))
    assert (coloured is None) == bool(environment)


def test_a_million_lines(start_prompt: StartPrompt, start_server: StartServer) -> None:
    server = start_server()
    terminal = start_prompt(server)
    before = resident(terminal)
    terminal.send("(lines 1000000)\r")
    tail = b""
    most = before
    while b"finished" not in tail:
        data = terminal.child.read_nonblocking(1 << 20, 20)
        tail = (tail + data)[-4096:]
        most = max(most, resident(terminal))
    assert most - before < 40 * 1024 * 1024
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$2 = 3")


def test_a_terminal_that_does_not_read(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    """Then the client does not read either, and the server's writes wait; nothing is lost."""
    server = start_server()
    terminal = start_prompt(server)
    before = resident(terminal)
    terminal.send("(lines 1000000)\r")
    seen = -1
    while server.toy.lines_sent != seen or not seen:  # until it stands still
        seen = server.toy.lines_sent
        time.sleep(0.3)
    assert seen < 900_000
    assert resident(terminal) - before < 40 * 1024 * 1024
    text = b""
    while b"finished" not in text[-1000:]:  # the prompt is drawn after it
        text += terminal.child.read_nonblocking(1 << 20, 20)
    assert len(re.findall(rb"line \d+\r", text)) == 1_000_000


def resident(terminal: Terminal) -> int:
    """The program's resident memory."""
    status = Path(f"/proc/{terminal.child.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) * 1024
