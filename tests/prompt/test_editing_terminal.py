"""Editing on a real pseudo terminal: what one sees of it."""

from __future__ import annotations

from pathlib import Path

from prompt.conftest import StartPrompt, StartServer
from terminal import Terminal

GUILE = "(guile-user)>"
PYTHON = "__main__>"
ESCAPE = "\x1b"


def type_slowly(terminal: Terminal, text: str) -> None:
    """Press one key after another, as people do."""
    for key in text:
        column = terminal.cursor[1]
        terminal.send(key)
        terminal.wait_until(lambda before=column: terminal.cursor[1] == before + 1)  # type: ignore[misc]


def test_brackets_close_themselves_and_are_stepped_over(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    type_slowly(terminal, "(add 1 2")
    terminal.wait_for_current(f"{GUILE} (add 1 2)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 3")


def test_brackets_are_coloured_by_depth(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(say (add 1 [2]) )x")
    terminal.wait_for_current(f"{GUILE} (say (add 1 [2]) )x")
    colours = {terminal.colour_of(text) for text in ("(say", "(add", "[2")}
    assert len(colours) == 3
    assert terminal.colour_of("(say") == terminal.colour_of(")x")


def test_no_rainbow_in_python(start_prompt: StartPrompt, start_server: StartServer) -> None:
    terminal = start_prompt(start_server("python"), prompt=PYTHON)
    terminal.send("f((1) + [2] )x")
    terminal.wait_for_current(f"{PYTHON} f((1) + [2] )x")
    assert terminal.colour_of("((1") == terminal.colour_of("(1") == terminal.colour_of("[2")


def test_the_matching_bracket_stands_out(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt(start_server("python"), prompt=PYTHON)
    terminal.send('f(")", 1)')
    row, _ = terminal.cursor
    column = len(PYTHON) + 2

    def bold(position: int) -> bool:
        return bool(terminal.screen.buffer[terminal.cursor[0]][column + position].bold)

    terminal.wait_until(lambda: bold(0) and bold(7))
    assert not bold(2)
    assert row == terminal.cursor[0]


def test_a_syntax_error_is_shown_before_it_is_sent(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt=PYTHON)
    terminal.enter("x = = 3")
    terminal.wait_for("invalid syntax. Enter sends it as it is.")
    assert terminal.cursor[1] == len(f"{PYTHON} x = ")
    assert server.toy.evaluated == []
    terminal.press("enter")
    terminal.wait_until(lambda: server.toy.evaluated)
    assert server.toy.evaluated == ["x = = 3"]
    terminal.wait_until(lambda: "Enter sends it" not in terminal.text)


def test_a_syntax_error_can_be_mended_first(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt=PYTHON)
    terminal.enter("add(1, 2) )")
    terminal.wait_for("unmatched ')'")
    terminal.press("ctrl-d")
    terminal.wait_until(lambda: "unmatched" not in terminal.text)
    terminal.press("enter")
    terminal.wait_for_line("3")


def test_alt_enter_sends_a_syntax_error_at_once(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt=PYTHON)
    terminal.send("x = = 3")
    terminal.press("alt-enter")
    terminal.wait_until(lambda: server.toy.evaluated == ["x = = 3"])


def test_what_is_wrong_is_marked_when_typing_rests(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt(start_server("python"), prompt=PYTHON)
    terminal.paste("x = = 3\ny")
    terminal.wait_for_current("      ... y")

    def underlined() -> list[str]:
        row = terminal.screen.buffer[terminal.cursor[0] - 1]
        return [row[column].data for column in range(80) if row[column].underscore]

    terminal.wait_until(lambda: underlined() == ["="])
    terminal.send("2")
    terminal.wait_until(lambda: underlined() == [])
    terminal.wait_until(lambda: underlined() == ["="])


def test_checks_can_be_off(start_prompt: StartPrompt, start_server: StartServer) -> None:
    server = start_server("python")
    terminal = start_prompt(
        server, prompt=PYTHON, environment={"REPL_CONNECT_PROMPT__CHECK_SYNTAX": "false"}
    )
    terminal.enter("x = = 3")
    terminal.wait_until(lambda: server.toy.evaluated == ["x = = 3"])


def test_vi_keys_show_their_mode(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(prompt=f"[I] {GUILE}", environment={"REPL_CONNECT_PROMPT__KEYS": "vi"})
    assert b"\x1b[6 q" in terminal.raw  # the cursor is a bar
    terminal.send("(add 1 2")
    terminal.press("escape")
    terminal.wait_for_current(f"[N] {GUILE} (add 1 2")
    assert terminal.raw.rindex(b"\x1b[2 q") > terminal.raw.rindex(b"\x1b[6 q")
    terminal.send("i9")
    terminal.wait_for_current(f"[I] {GUILE} (add 1 92")
    terminal.press("escape")
    terminal.wait_for("[N]")
    terminal.send("A)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 93")
    assert f"\n{GUILE} (add 1 92)" in terminal.text
    terminal.wait_for_current(f"[I] {GUILE}")


def test_f4_changes_the_keys_live(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("abc\x1bOS")
    terminal.wait_for_current(f"[I] {GUILE} abc")
    terminal.press("escape")
    terminal.wait_for_current(f"[N] {GUILE} abc")
    terminal.send("x\x1bOS")
    terminal.wait_for_current(f"{GUILE} ab")


def test_a_line_cleared_in_vis_navigation_mode_is_typed_into_again(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt()
    terminal.press("f4")
    terminal.wait_for_current(f"[I] {GUILE}")
    terminal.send("(add")
    terminal.press("escape")
    terminal.wait_until(lambda: terminal.current.startswith("[N]"))
    terminal.press("ctrl-c")
    terminal.wait_for_current(f"[I] {GUILE}")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")


def test_a_request_for_input_takes_text_whatever_the_mode(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(prompt=f"[I] {GUILE}", environment={"REPL_CONNECT_PROMPT__KEYS": "vi"})
    terminal.send('(tick 60)\r(ask "who? ")\r(half')
    terminal.wait_for_current(f"[I] {GUILE} (half")
    terminal.press("escape")
    terminal.wait_for_current(f"[N] {GUILE} (half")
    terminal.wait_for_current("[I] input>")
    terminal.enter("x(me")
    terminal.wait_for("'x(me")
    terminal.wait_for_current(f"[I] {GUILE} (half")


def test_brackets_are_no_pairs_in_input_for_the_program(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter('(ask "who? ")')
    terminal.wait_for_current("input>")
    terminal.send("(")
    terminal.wait_for_current("input> (")
    assert terminal.colour_of("(") == "default"
    terminal.send("\t")
    terminal.enter("= =")
    terminal.wait_for("'(\\t= =")


def test_a_request_for_input_ends_a_search(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(tick 3)")
    terminal.wait_for_line("tick 2")
    terminal.send('(ask "who? ")\r')
    terminal.press("ctrl-r")
    terminal.wait_for("who? ")
    terminal.wait_for_current("input>")
    terminal.enter("me")
    terminal.wait_for("'me")


def test_tabs_that_are_pasted_keep_their_width(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt=PYTHON)
    terminal.paste("if x:\n\tadd(1, 2)\n")
    terminal.wait_for("... " + " " * 8 + "add(1, 2)")
    terminal.press("alt-enter")
    terminal.wait_until(lambda: server.toy.evaluated == ["if x:\n\tadd(1, 2)"])


def test_forms_move_on_the_screen_of_a_narrow_terminal(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=20)
    terminal.send("(add 100) 2")
    terminal.wait_for_current("00) 2")
    terminal.send("\x01\x06" + ESCAPE + ")")
    terminal.wait_until(lambda: "00 2)" in terminal.lines)
    terminal.press("enter")
    terminal.wait_for("$1 = 102")


def test_suggestions_show_inside_of_brackets_that_closed_themselves(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt()
    terminal.enter("(add (add 1 2) 3)")
    terminal.wait_for_line("$1 = 6")
    type_slowly(terminal, "(add ")
    terminal.wait_for_current(f"{GUILE} (add (add 1 2) 3)")
    terminal.send(ESCAPE + "f")
    terminal.wait_for_current(f"{GUILE} (add (add 1 2) 3)")
    terminal.send("9")
    terminal.wait_for_current(f"{GUILE} (add (add9)")
    terminal.press("ctrl-c")
    terminal.wait_for_current(GUILE)
    type_slowly(terminal, "(ad")
    terminal.wait_for_current(f"{GUILE} (add (add 1 2) 3)")
    terminal.press("right", "enter")
    terminal.wait_for_line("$2 = 6")


def test_the_screen_is_cleared(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.send("typed")
    terminal.press("ctrl-l")
    terminal.wait_until(lambda: terminal.lines[0] == f"{GUILE} typed")
    assert "$1 = 3" not in terminal.text


def test_the_mouse_is_left_to_the_terminal_unless_asked_for(start_prompt: StartPrompt) -> None:
    assert b"\x1b[?1000h" not in start_prompt().raw
    asked = start_prompt(environment={"REPL_CONNECT_PROMPT__MOUSE": "true"})
    assert b"\x1b[?1000h" in asked.raw


def test_keys_of_the_settings(start_prompt: StartPrompt, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[keys]\nnew-line = "f9"\nsend-as-is = ["c-x s", "f10"]\n')
    terminal = start_prompt(environment={"REPL_CONNECT_CONFIG": str(config)})
    terminal.send("(add 1\x1b[20~2")
    terminal.wait_for_current("          ...      2")
    terminal.send("\x18s")
    terminal.wait_for_line("$1 = 3")
