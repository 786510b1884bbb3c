"""Terminals that are small, plain, resized or of another encoding, and characters that are wide."""

from __future__ import annotations

from prompt.conftest import StartPrompt

PROMPT = "(guile-user)>"
NO_UTF_8 = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_resized_while_typing(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=60, rows=20)
    terminal.send("(add 1000001 1000002 1000003)")
    terminal.wait_for_current(f"{PROMPT} (add 1000001 1000002 1000003)")
    for columns, rows in ((20, 20), (13, 8), (80, 24), (20, 5)):
        terminal.resize(columns, rows)
        terminal.send(" ")
        terminal.press("backspace")
        terminal.wait_until(
            lambda: "1000003)" in terminal.unwrapped.replace("\n", ""), "all of the line"
        )
    terminal.press("enter")
    terminal.wait_for_line("$1 = 3000006")
    terminal.wait_for_current(PROMPT)


def test_a_menu_in_twenty_columns(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=20, rows=10)
    terminal.send("(add")
    terminal.press("tab")
    terminal.wait_for("add-all")
    terminal.press("escape")
    terminal.press("ctrl-c")
    terminal.wait_for_current(PROMPT)


def test_a_terminal_of_two_rows(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=40, rows=2)
    terminal.enter("(add 1 2)")
    terminal.wait_for("$1 = 3")
    terminal.wait_for(PROMPT)


def test_wide_characters_are_typed_moved_over_and_deleted(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send('"日本語"')
    terminal.wait_until(lambda: terminal.cursor[1] == len(PROMPT) + 1 + 8, "the cursor behind it")
    terminal.press("left", "left")
    terminal.wait_until(lambda: terminal.cursor[1] == len(PROMPT) + 1 + 5, "before the last one")
    terminal.press("backspace")
    terminal.press("end")
    terminal.press("enter")
    terminal.wait_for('echo "日')
    terminal.wait_until(lambda: "本" not in terminal.text, "the one that was deleted")


def test_combining_characters_stay_with_theirs(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send('"e\u0301a"')
    terminal.wait_until(lambda: terminal.cursor[1] == len(PROMPT) + 1 + 4, "four cells")
    terminal.press("enter")
    terminal.wait_until(
        lambda: any(line.startswith("$1 = echo") for line in terminal.lines), "the value"
    )


def test_a_terminal_that_is_not_utf_8(start_prompt: StartPrompt) -> None:
    """What it can't show is shown as something else, and nothing else changes."""
    terminal = start_prompt(environment=dict(NO_UTF_8))
    terminal.enter(r'(say "h\u00e9 \u03bb \u2713\n")')
    terminal.wait_until(lambda: any(line.startswith("h") for line in terminal.lines), "h…")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.enter(",help")
    terminal.wait_for("Help, leaving")
    terminal.wait_for_current(PROMPT)


def test_eight_colours(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"TERM": "linux"})
    terminal.enter("(boom)")
    terminal.wait_for("ZeroDivisionError")
    assert b"38;5" not in terminal.raw
    assert b"38;2" not in terminal.raw


def test_no_color_writes_no_colour(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"NO_COLOR": "1"})
    terminal.enter(r'(say "\u001b[31mred\u001b[0m\n")')
    terminal.wait_for_line("red")
    terminal.enter("(boom)")
    terminal.wait_for("ZeroDivisionError")
    terminal.send('(define x "string")')
    terminal.wait_for("string")
    terminal.wait_quiet()
    assert terminal.colour_of("red") == "default"
    assert terminal.colour_of("ZeroDivisionError") == "default"
    assert terminal.colour_of("string") == "default"
