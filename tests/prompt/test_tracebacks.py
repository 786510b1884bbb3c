"""What is shown of errors."""

from __future__ import annotations

import traceback

from prompt.conftest import StartPrompt, StartServer

from repl_connect.prompt.showing.tracebacks import folded, styled

LIBRARY = "/usr/lib/python3.11/site-packages/some"


def frames(file: str, count: int, name: str = "f") -> str:
    return "".join(
        f'  File "{file}", line {number}, in {name}{number}\n    {name}({number})\n    ^^^^\n'
        for number in range(count)
    )


def trace(*parts: str, error: str = "ValueError: no") -> str:
    return "Traceback (most recent call last):\n" + "".join(parts) + f"{error}\n"


def test_a_short_traceback_is_shown_whole() -> None:
    text = trace(frames("/me/a.py", 8))
    assert folded(text) == (text, False)


def test_of_a_long_one_the_ends_and_the_error_are_shown_and_the_rest_counted() -> None:
    shown, cut = folded(trace(frames("/me/a.py", 42)))
    assert cut
    assert "in f0\n" in shown
    assert "in f1\n" in shown
    assert "  … 37 more frames\n" in shown
    assert "in f38\n" not in shown
    assert "in f39\n" in shown
    assert "in f41\n" in shown
    assert shown.endswith("ValueError: no\n")
    assert shown.count("File ") == 5


def test_frames_of_libraries_give_way_to_the_users_own() -> None:
    text = trace(
        frames(f"{LIBRARY}/run.py", 10, "lib"),
        frames("/me/a.py", 3, "mine"),
        frames(f"{LIBRARY}/deep.py", 10, "deep"),
    )
    shown, _ = folded(text)
    assert [line.strip() for line in shown.split("\n") if "…" in line] == [
        "… 10 more frames",
        "… 9 more frames",
    ]
    assert all(f"in mine{number}\n" in shown for number in range(3))
    assert "in deep9\n" in shown


def test_the_count_of_frames_is_what_is_missing() -> None:
    for count in range(9, 60):
        text = trace(frames(f"{LIBRARY}/x.py", count // 2, "lib"), frames("/me/a.py", count, "me"))
        shown, _ = folded(text)
        hidden = sum(int(line.split()[1]) for line in shown.split("\n") if "…" in line)
        assert hidden + shown.count("File ") == count // 2 + count


def test_each_of_a_chain_of_errors_is_folded_by_itself() -> None:
    text = (
        trace(frames("/me/a.py", 20), error="KeyError: 1")
        + "\nDuring handling of the above exception, another exception occurred:\n\n"
        + trace(frames("/me/b.py", 30))
    )
    shown, _ = folded(text)
    assert "… 15 more frames" in shown
    assert "… 25 more frames" in shown
    assert "KeyError: 1\n\nDuring handling" in shown


def test_repeated_lines_stay_with_their_frame() -> None:
    def recurse(number: int) -> int:
        return recurse(number - 1) if number else 1 // 0

    try:
        recurse(50)
    except ZeroDivisionError:
        text = traceback.format_exc()
    assert folded(text) == (text, False)


def test_a_text_of_many_lines_and_a_long_line_are_cut() -> None:
    shown, cut = folded("\n".join(f"line {number}" for number in range(500)) + "\n")
    assert cut
    assert "… 460 more lines" in shown
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 499\n")
    shown, cut = folded("E: " + "x" * 10_000 + "\n")
    assert cut
    assert len(shown) < 3_000


def styles(text: str) -> list[str]:
    return [style.removeprefix("class:") for style, _ in styled(text)]


def test_places_and_errors_are_told_apart() -> None:
    frame = ["traceback.frame", "traceback", "traceback"]
    text = trace(frames("/me/a.py", 1)) + "\nDuring handling of the above exception, another\n"
    assert styles(text) == [
        "traceback.frame",
        *frame,
        "traceback.error",
        "traceback",
        "traceback.frame",
    ]
    assert styles("Execution error at user/f\nDivide by zero\n") == ["err"]


def test_errors_of_a_group_are_found() -> None:
    try:
        raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])
    except ExceptionGroup:
        text = traceback.format_exc()
    errors = [line for style, line in styled(text) if style == "class:traceback.error"]
    assert [line.strip(" |+-\n") for line in errors] == [
        "ExceptionGroup: several (2 sub-exceptions)",
        "ValueError: one",
        "TypeError: two",
    ]


def test_a_long_traceback_is_folded_and_all_of_it_is_a_command_away(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(server, prompt="__main__>", rows=60)
    terminal.enter("fail(42)")
    terminal.wait_for_line("  … 37 more frames")
    terminal.wait_for_line("ValueError: failed")
    assert "in f20" not in terminal.all_text
    terminal.enter(",traceback")
    terminal.wait_for("in f20")
    terminal.wait_for_current("__main__>")


def test_long_tracebacks_are_shown_whole_if_that_is_wanted(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server("python")
    terminal = start_prompt(
        server, prompt="__main__>", environment={"REPL_CONNECT_PROMPT__TRACEBACK": "full"}
    )
    terminal.enter("fail(42)")
    terminal.wait_for("in f20")
    terminal.wait_for_line("ValueError: failed")


def test_an_error_that_comes_without_a_text_is_said(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(silent)")
    terminal.wait_for_line("class Silent")
    terminal.enter(r'(warn "careful\n")')
    terminal.wait_for_line("careful")
    terminal.enter("(boom)")
    terminal.wait_for_line("ZeroDivisionError: boom!")
    assert terminal.all_text.count("ZeroDivisionError") == 1


def test_what_is_printed_on_stderr_is_no_error(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(r'(warn "careful\n")')
    terminal.wait_for_line("careful")
    terminal.enter(",traceback")
    terminal.wait_for("no error")
