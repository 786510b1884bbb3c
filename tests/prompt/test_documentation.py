"""Documentation, source, signatures and the toolbar, on a terminal; and what is read of a file."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from prompt.conftest import StartPrompt, StartServer
from terminal import Terminal

from repl_connect.languages import language_named
from repl_connect.prompt.names.lookup import described, source_of

PROMPT = "(guile-user)>"


def words(terminal: Terminal) -> str:
    """The screen's last row that has something."""
    return terminal.text.rpartition("\n")[2]


def test_the_pane_opens_at_a_name_and_closes_again(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(add 1 2)")
    terminal.press("left", "f1")
    terminal.wait_for("Add two numbers.")
    terminal.wait_for("Esc closes")
    terminal.wait_for_current("(guile-user)> (add 1 2)")
    terminal.press("f1")
    terminal.wait_until(lambda: "Add two" not in terminal.text)
    terminal.press("f3")
    terminal.wait_for_line("(define (add a b)")
    terminal.press("escape")
    terminal.wait_until(lambda: "define" not in terminal.text)
    terminal.wait_for_current("(guile-user)> (add 1 2)")
    assert terminal.cursor[1] == len("(guile-user)> (add 1 2")


def test_the_pane_scrolls_and_the_same_key_shows_all_in_the_pager(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt(environment={"PAGER": "cat"})
    terminal.send("(lines 3")
    terminal.press("f1")
    terminal.wait_for("Line 1 of it.")
    terminal.press("pagedown")
    terminal.wait_until(lambda: "Line 12 of it." in terminal.text)
    assert "Line 1 of it." not in terminal.text
    terminal.press("pageup")
    terminal.wait_until(lambda: "Line 1 of it." in terminal.text)
    terminal.press("f1")
    terminal.wait_for("Line 40 of it.")


def test_the_pane_names_the_key_that_the_settings_give(
    start_prompt: StartPrompt, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[keys]\ndocumentation = "f4"\ntoggle-vi = []\n')
    terminal = start_prompt(environment={"REPL_CONNECT_CONFIG": str(tmp_path / "config.toml")})
    terminal.send("(lines 3")
    terminal.press("f4")
    terminal.wait_for("F4 shows all")


def test_the_pane_goes_with_what_was_typed(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    for key in ("enter", "ctrl-c"):
        terminal.send("(add 1 2)")
        terminal.press("left", "f1")
        terminal.wait_for("Esc closes")
        terminal.press(key)
        terminal.wait_for_current("(guile-user)>")
        terminal.wait_until(lambda: "Esc closes" not in terminal.text)


def test_documentation_and_signature_while_something_runs(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(wait)")
    terminal.wait_for_line("waiting")
    terminal.send("(add 1 ")
    terminal.wait_for_line("(add a b)")
    terminal.press("f1")
    terminal.wait_for("Add two numbers.")
    terminal.wait_for_current("(guile-user)> (add 1")


def test_the_current_argument_is_marked(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()

    def marked() -> str:
        row = next(
            (number for number, line in enumerate(terminal.lines) if line.startswith("(lines")), 0
        )
        cells = terminal.screen.buffer[row]
        return "".join(cells[column].data for column in range(80) if cells[column].underscore)

    terminal.send("(lines ")
    terminal.wait_until(lambda: marked() == "count")
    terminal.send("1 #:last ")
    terminal.wait_until(lambda: marked() == "last")
    terminal.press("ctrl-c")
    terminal.wait_until(lambda: not marked())


def test_no_signature_where_it_is_not_wanted(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt()
    terminal.enter(",set prompt.signature false")
    terminal.wait_for_current(PROMPT)
    terminal.send("(add 1 ")
    terminal.wait_quiet(0.3)
    assert "(add a b)" not in terminal.lines


def test_what_a_completion_is(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(ad\t")
    terminal.wait_for_current("(guile-user)> (add")
    terminal.wait_for("function (add-all a b)")
    terminal.press("tab")
    terminal.wait_for("(add a b)   Add two numbers.")


def test_completions_come_while_typing_or_when_asked_for(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.send("(ad")
    terminal.wait_for("address")
    terminal.press("ctrl-c")
    terminal.enter(",set prompt.complete_while_typing false")
    terminal.wait_for_current(PROMPT)
    terminal.send("(boo")
    terminal.wait_quiet(0.3)
    assert "boom" not in terminal.text
    terminal.press("tab")
    terminal.wait_for_current("(guile-user)> (boom")


def test_the_toolbar_says_what_is_and_what_keys_do(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.wait_until(lambda: "Ctrl-D leaves" in words(terminal))
    terminal.send("(add")
    terminal.wait_until(lambda: "Alt-Enter sends" in words(terminal) or "Tab" in words(terminal))
    terminal.press("ctrl-c")
    terminal.enter("(wait)")
    terminal.wait_until(lambda: "Ctrl-C stops" in words(terminal))
    terminal.press("ctrl-c")
    terminal.wait_until(lambda: "Ctrl-C stops" not in words(terminal))
    terminal.enter('(ask "Name? ")')
    terminal.wait_until(lambda: "Enter answers" in words(terminal))


def test_nothing_of_the_toolbar_stays_above(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(rows=10)
    terminal.enter("(tick 30)")
    terminal.send("(add 1 ")
    terminal.wait_for_line("tick 29")
    terminal.wait_for_current("(guile-user)> (add 1")
    terminal.wait_until(lambda: "Ctrl-C stops" not in terminal.text)
    terminal.press("ctrl-c", "ctrl-d")
    assert terminal.wait_exit() == 0
    shown = terminal.all_text.split("\n")
    assert not [
        line for line in shown if "Ctrl-" in line and "leaves" in line and ",help" not in line
    ]
    assert not [line for line in shown if "Alt-Enter" in line or line == "(add a b)"]
    assert [line for line in shown if line.startswith("tick")] == [f"tick {n}" for n in range(30)]


def test_a_narrow_terminal(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(columns=20, rows=12)
    terminal.send("(add 1 ")
    terminal.wait_for_line("(add a b)")
    terminal.press("f1")
    terminal.wait_until(lambda: "Add two" in terminal.text)
    terminal.press("escape")
    terminal.wait_until(lambda: "Add two" not in terminal.text)
    terminal.resize(8, 12)
    terminal.wait_until(lambda: "(add b…" in terminal.text)
    terminal.send("4)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 5")


def test_the_toolbar_can_be_left_out(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"REPL_CONNECT_PROMPT__TOOLBAR": "false"})
    terminal.wait_quiet(0.2)
    assert terminal.current == words(terminal) == PROMPT


def test_what_is_known_is_told_in_lines() -> None:
    told = "".join(text for _, text in described("f", {"name": "f", "ns": "m", "doc": "A.\nB."}))
    assert told == "f  (m)\n  A.\n  B.\n"
    assert "\x1b" not in "".join(text for _, text in described("f", {"doc": "\x1b[2J"}))
    assert "Nothing is known" in described("\x1bf", {})[0][1]


@pytest.mark.parametrize(
    ("language", "text", "line", "source"),
    [
        ("python", "x = 1\ndef f(a):\n    return a\n\ny = 2\n", 2, "def f(a):\n    return a"),
        (
            "python",
            "class C:\n    def m(self):\n        return 1\n    z = 1\n",
            2,
            "def m(self):\n    return 1",
        ),
        ("clojure", "(ns a)\n(defn f [a]\n  a)\n(def y 2)\n", 2, "(defn f [a]\n  a)"),
        ("guile", "(a)\n\f\n(define (f)\r\n  1)\n", 3, "(define (f)\n  1)"),
    ],
)
def test_the_source_is_read_of_a_file_that_is_here(
    tmp_path: Path, language: str, text: str, line: int, source: str
) -> None:
    file = tmp_path / "code"
    file.write_text(text)
    found = source_of({"file": str(file), "line": line}, language_named(language))
    assert found == (source, f"{file}:{line}")


def test_a_damaged_member_of_an_archive_is_no_source(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    with ZipFile(jar, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.clj", "(def y 2)\n" * 100)
    data = bytearray(jar.read_bytes())
    data[40:50] = b"\xff" * 10
    jar.write_bytes(data)
    info = {"file": f"jar:file:{jar}!/a.clj", "line": 1}
    assert source_of(info, language_named("clojure")).text == ""


def test_the_source_is_read_of_an_archive_that_is_here(tmp_path: Path) -> None:
    jar = tmp_path / "a b.jar"
    with ZipFile(jar, "w") as archive:
        archive.writestr("game/core.clj", "(ns game.core)\n(defn f [a]\n  a)\n(def y 2)\n")
    url = f"jar:file:{str(jar).replace(' ', '%20')}!/game/core.clj"
    found = source_of({"file": url, "line": 2}, language_named("clojure"))
    assert found == ("(defn f [a]\n  a)", f"{url}:2")
    for other in (url + "x", f"jar:file:{tmp_path}/no.jar!/a", f"jar:file:{__file__}!/a", "jar:x"):
        assert source_of({"file": other, "line": 2}, language_named("clojure")).text == ""


@pytest.mark.parametrize(
    "info", [{}, {"file": "/no/such/file", "line": 1}, {"file": "/", "line": 3}]
)
def test_there_is_no_source(info: dict[str, object]) -> None:
    assert source_of(info, language_named("python")).text == ""


def test_the_source_that_was_sent_counts(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("old")
    info = {"file": str(file), "line": 1, "source": "\n    new\n"}
    assert source_of(info, language_named("python")).text == "    new"
