"""The user's editor on what is typed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from prompt.conftest import StartPrompt, StartServer
from prompt_toolkit.document import Document

from repl_connect.prompt.editing.editor import EditorError, edited, editor_command

PROMPT = "__main__>"
CTRL_X_CTRL_E = "\x18\x05"


def script(path: Path, text: str) -> str:
    """An editor that is a shell script; `$1` is the file, or `+N` and `$2` the file."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_editor_is_the_chosen_one_then_the_environments() -> None:
    environment = {"VISUAL": "code --wait", "EDITOR": "nano"}
    assert editor_command("emacs -nw 'a b'", environment) == ["emacs", "-nw", "a b"]
    assert editor_command("", environment) == ["code", "--wait"]
    assert editor_command(" ", {"EDITOR": "nano"}) == ["nano"]
    assert editor_command("", {}) == ["vi"]
    with pytest.raises(EditorError, match="VISUAL can't be read"):
        editor_command("", {"VISUAL": "vi 'x"})


def test_a_text_comes_back_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = tmp_path / "seen"
    editor = script(
        tmp_path / "editor", f'cp "$1" {seen}; echo "$1" > {seen}.name; echo "two é" >> "$1"'
    )
    document = edited(Document("one", 1), [editor], ".py")
    assert document == Document("one\ntwo é")
    assert seen.read_text() == "one\n"
    name = Path(f"{seen}.name").read_text().strip()
    assert name.endswith(".py")
    assert not os.path.exists(name)


def test_a_text_that_is_not_changed_keeps_its_cursor(tmp_path: Path) -> None:
    assert edited(Document("one\ntwo", 2), ["true"], ".py") == Document("one\ntwo", 2)


def test_editors_that_can_are_sent_to_the_line(tmp_path: Path) -> None:
    said = tmp_path / "said"
    vi = script(tmp_path / "vi", f'echo "$1" > {said}')
    edited(Document("one\ntwo", 5), [vi], ".py")
    assert said.read_text() == "+2\n"
    other = script(tmp_path / "other", f'echo "$#" > {said}')
    edited(Document("one\ntwo", 5), [other], ".py")
    assert said.read_text() == "1\n"


@pytest.mark.parametrize(
    ("editor", "problem"),
    [
        ("exit 3", "ended with status 3: what was typed is unchanged"),
        ("printf '\\377\\376' > \"$1\"", "not UTF-8"),
        ('rm "$1"', "No such file or directory"),
        ('head -c 10000001 /dev/zero > "$1"', "More than 10000000 bytes"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path: Path, editor: str, problem: str) -> None:
    with pytest.raises(EditorError, match=problem):
        edited(Document("one"), [script(tmp_path / "editor", editor)], ".py")


def test_what_is_no_text_is_not_given_to_the_editor() -> None:
    with pytest.raises(EditorError, match="Character 2 is no text"):
        edited(Document("a\udcff"), ["true"], ".py")


def test_an_editor_that_is_not_there() -> None:
    with pytest.raises(EditorError, match=r"no-such-editor can't be started.*set prompt\.editor"):
        edited(Document("one"), ["no-such-editor"], ".py")


def test_what_is_typed_comes_back_not_sent(
    start_prompt: StartPrompt, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("python")
    editor = script(tmp_path / "editor", 'printf "add(40,\\n    2)\\n" > "$1"')
    terminal = start_prompt(server, prompt=PROMPT, environment={"VISUAL": editor})
    terminal.send("add(1")
    terminal.send(CTRL_X_CTRL_E)
    terminal.wait_for_current("      ...     2)")
    assert server.toy.evaluated == []
    terminal.press("enter")
    terminal.wait_for_line("42")
    assert server.toy.evaluated == ["add(40,\n    2)"]


def test_output_waits_while_the_editor_has_the_terminal(
    start_prompt: StartPrompt, start_server: StartServer, tmp_path: Path
) -> None:
    leave = tmp_path / "leave"
    os.mkfifo(leave)
    editor = script(tmp_path / "editor", f'echo "EDITING"; read line < {leave}')
    terminal = start_prompt(start_server("python"), prompt=PROMPT, environment={"EDITOR": editor})
    terminal.enter("tick(20)")
    terminal.wait_for_line("tick 0")
    terminal.send("typed")
    terminal.wait_for_current(f"{PROMPT} typed")
    terminal.send(CTRL_X_CTRL_E)
    terminal.wait_for_line("EDITING")
    terminal.wait_quiet(0.3)
    assert terminal.lines[terminal.cursor[0] - 1] == "EDITING"
    leave.write_text("now\n")
    terminal.wait_for_line("tick 19")
    terminal.wait_for_current(f"{PROMPT} typed")
    ticks = [line for line in terminal.all_text.split("\n") if line.startswith("tick ")]
    assert ticks == [f"tick {number}" for number in range(20)]


def test_a_missing_editor_is_said_in_a_line(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt(
        start_server("python"), prompt=PROMPT, environment={"VISUAL": "no-such-editor"}
    )
    terminal.send("typed" + CTRL_X_CTRL_E)
    terminal.wait_for("no-such-editor can't be started: No such file or directory.")
    terminal.wait_for_current(f"{PROMPT} typed")


def test_ctrl_c_in_the_editor_is_the_editors(
    start_prompt: StartPrompt, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("python")
    editor = script(
        tmp_path / "editor",
        'trap "echo done > \\"$1\\"; exit 0" INT; echo EDITING; while :; do sleep 0.01; done',
    )
    terminal = start_prompt(server, prompt=PROMPT, environment={"EDITOR": editor})
    terminal.enter("wait()")
    terminal.wait_for_line("waiting")
    terminal.send("typed" + CTRL_X_CTRL_E)
    terminal.wait_for_line("EDITING")
    terminal.press("ctrl-c")
    terminal.wait_for_current(f"{PROMPT} done")
    assert "interrupted" not in terminal.all_text
