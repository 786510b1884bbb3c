"""The commands as one uses them: on a terminal, on a real Python program."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server.hosts import hosted
from terminal import Terminal

import repl_server

StartHere = Callable[..., Terminal]


@pytest.fixture
def namespace() -> dict[str, Any]:
    return {"__name__": "__main__", "level": 1}


@pytest.fixture
def program(tmp_path: Path, namespace: dict[str, Any]) -> Iterator[repl_server.Server]:
    with hosted("threads", str(tmp_path / "app.sock"), namespace=namespace) as server:
        yield server


@pytest.fixture
def start_here(tmp_path: Path, program: repl_server.Server) -> Iterator[StartHere]:
    """Start `repl-connect` on the program, and wait for the prompt."""
    terminals: list[Terminal] = []

    def start(**options: Any) -> Terminal:
        terminal = Terminal(
            [sys.executable, "-m", "repl_connect", str(program.address)],
            environment={
                "XDG_STATE_HOME": str(tmp_path / "state"),
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
                "PYTHONPATH": ":".join(path for path in sys.path if path),
            },
            **options,
        )
        terminals.append(terminal)
        terminal.wait_for_current("__main__>")
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()


def test_help_and_its_parts(start_here: StartHere) -> None:
    terminal = start_here(rows=60)
    terminal.enter(",help")
    terminal.wait_for(",set [NAME [VALUE]]")
    terminal.enter(",help keys")
    terminal.wait_for("Alt-Enter")
    terminal.enter(",wacth")
    terminal.wait_for("There is no command ,wacth; did you mean ,watch? ,help shows")


def test_a_watch_appears_above_what_is_being_typed(start_here: StartHere) -> None:
    terminal, other = start_here(), start_here()
    terminal.enter(",watch 0.05 level")
    terminal.wait_for_line("[watch 1] 1")
    terminal.send("half of a li")
    terminal.wait_for_current("__main__> half of a li")
    other.enter("level = 2")
    terminal.wait_for_line("[watch 1] 2")
    terminal.send("ne")
    terminal.wait_for_current("__main__> half of a line")
    terminal.press("ctrl-c")
    terminal.enter(",unwatch all")
    terminal.wait_for_line("Watch 1 has ended.")


def test_a_job_runs_beside_what_one_does(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter(",submit import time; time.sleep(0.3); level + 41")
    terminal.wait_for("Job 1. ,result 1 shows what it brings.")
    terminal.enter("level + 1")
    terminal.wait_for_line("2")
    terminal.wait_for("Job 1 finished after")
    terminal.enter(",jobs")
    terminal.wait_for("1    finished")
    terminal.enter(",result 1")
    terminal.wait_for_line("42")


def test_a_job_of_several_lines_is_typed_as_code_is(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.send(",submit def f():\r")
    terminal.wait_until(lambda: terminal.cursor[1] > len("__main__> "))
    terminal.send("return 6 * 7\r\r")
    terminal.wait_for("Job 1")
    terminal.enter("f()")
    terminal.wait_for_line("42")


def test_who_else_is_there(start_here: StartHere) -> None:
    terminal, _other = start_here(columns=100), start_here()
    terminal.enter(",events clients")
    terminal.wait_for("You are told of: clients.")
    third = start_here()
    terminal.wait_for("joined")
    third.press("ctrl-d")
    assert third.wait_exit() == 0
    terminal.wait_for("left")
    terminal.enter(",who")
    terminal.wait_for("* is you.")
    assert terminal.text.count("unix") == 2


def test_another_session_has_its_own_last_value(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter("6 * 7")
    terminal.wait_for_line("42")
    terminal.enter(",session new")
    terminal.wait_for("A new session:")
    terminal.enter("_ + 0")
    terminal.wait_for("NameError")
    terminal.enter(",sessions")
    terminal.wait_for("you evaluate in it")


def test_what_runs_in_the_session_before_is_still_stopped_and_answered(
    start_here: StartHere, namespace: dict[str, Any]
) -> None:
    gate = namespace["gate"] = threading.Event()
    terminal = start_here()
    terminal.enter("gate.wait() and input('name? ').upper()")
    terminal.enter(",session new")
    terminal.wait_for("A new session:")
    gate.set()
    terminal.wait_for_current("input>")
    terminal.enter("ann")
    terminal.wait_for_line("'ANN'")
    terminal.wait_for_current("__main__>")
    gate.clear()
    terminal.enter("gate.wait()")
    terminal.enter(",session new")
    terminal.wait_until(lambda: terminal.all_text.count("A new session:") == 2, "a new session")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    gate.set()  # a thread that waits for a lock is left behind until it comes


def test_a_file_is_loaded_and_its_error_has_its_line(start_here: StartHere, tmp_path: Path) -> None:
    file = tmp_path / "setup.py"
    file.write_text("level = 10\nprint('level is set')\nlevel / 0\n")
    terminal = start_here(columns=150)
    terminal.enter(f",load {file}")
    terminal.wait_for_line("level is set")
    terminal.wait_for(f'File "{file}", line 3')
    terminal.wait_for("ZeroDivisionError")
    terminal.enter(f",load {file}x")
    terminal.wait_for("setup.pyx: No such file or directory. The path is one of this machine.")


def test_names_are_looked_up(start_here: StartHere, namespace: dict[str, Any]) -> None:
    terminal = start_here()
    terminal.enter("def half(x):\r    'Half of it.'\r    return x / 2\r")
    terminal.enter(",doc half")
    terminal.wait_for("Half of it.")
    terminal.enter(",source half")
    terminal.wait_until(lambda: terminal.all_text.count("return x / 2") == 2)
    terminal.enter(",apropos ZeroDiv")
    terminal.wait_for("ZeroDivisionError  class")


def test_the_wire_is_logged(start_here: StartHere) -> None:
    terminal = start_here(columns=120)
    terminal.enter(",log on")
    terminal.wait_for("messages are logged from now on")
    terminal.enter("'over the wire'")
    terminal.wait_for_line("'over the wire'")
    terminal.enter(",log 6")
    terminal.wait_for('"op": "eval"')
    terminal.wait_for("<-- ")


def test_a_setting_is_changed_live(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter(",set printing.print pprint")
    terminal.wait_for('printing.print = "pprint" until you leave.')
    terminal.enter(",set printing.width 20")
    terminal.wait_for("printing.width = 20")
    terminal.enter("['a' * 9, 'b' * 9]")
    terminal.wait_for_line("['aaaaaaaaa',")
    terminal.enter(",set printing.widht 20")
    terminal.wait_for("did you mean `printing.width`?")


def test_the_facts_of_the_connection(start_here: StartHere) -> None:
    terminal = start_here(rows=40)
    terminal.enter(",connection")
    terminal.wait_for("round trip")
    terminal.wait_for("repl-server 0.1.0, threads")


def test_how_long_it_took(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter(",time 40 + 2")
    terminal.wait_for_line("42")
    terminal.wait_for(" ms")


def test_what_runs_and_waits_is_shown(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter("import time; time.sleep(600)")
    terminal.enter("level + 1")
    terminal.enter(",pending")
    terminal.wait_for("running        import time; time.sleep(600)")
    terminal.wait_for("queued         level + 1")
    terminal.enter(",interrupt")
    terminal.wait_for_line("2")


def test_an_error_that_holds_the_program_is_mended_and_retried(
    start_here: StartHere, program: repl_server.Server, namespace: dict[str, Any]
) -> None:
    terminal = start_here()
    exec("def step(x):\n    return x / zero\n", namespace)
    namespace["zero"] = 0
    results: list[float] = []
    held = program.continuable(namespace["step"])
    thread = threading.Thread(target=lambda: results.append(held(8)))
    thread.start()
    try:
        terminal.wait_for("step failed, and is held here as h")
        terminal.wait_for("Mend it, then ,retry (or ,continue, ,abort).")
        assert "import repl_server" not in terminal.all_text
        terminal.enter(",held")
        terminal.wait_for("ZeroDivisionError: division by zero")
        terminal.enter(",frame 0 x + 100")
        terminal.wait_for_line("108")
        # What is typed at once behind the mend does not overtake it.
        terminal.enter("import time; time.sleep(0.5); zero = 2")
        terminal.enter(",retry")
        terminal.wait_for(": retry.")
        thread.join(15)
        assert results == [4]
    finally:
        terminal.close()
        thread.join(15)


def test_a_source_is_edited_and_comes_back_unsent(start_here: StartHere, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/half/third/ "$1"\n')
    editor.chmod(0o755)
    terminal = start_here()
    terminal.enter(f",set prompt.editor {editor}")
    terminal.enter("half = 'one half'")
    terminal.enter(",edit")
    terminal.wait_for_current("__main__> third = 'one half'")
    terminal.press("ctrl-c")
    terminal.enter("half")
    terminal.wait_for_line("'one half'")


def test_a_value_goes_to_a_command_and_to_the_pager(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter(",set prompt.pager 'sed s/^/paged:/'")
    terminal.enter("'x' * 30")
    terminal.wait_for("'xxx")
    terminal.enter(",pipe tr x y")
    terminal.wait_for_line(f"'{'y' * 30}'")
    terminal.wait_for_current("__main__>")
    terminal.enter(",page")
    terminal.wait_for_line(f"paged:'{'x' * 30}'")


def test_without_a_connection_commands_say_so(
    start_here: StartHere, program: repl_server.Server
) -> None:
    terminal = start_here()
    program.close()
    terminal.wait_for("the other side closed the connection")
    terminal.press("ctrl-c")
    terminal.enter(",jobs")
    terminal.wait_for("Not connected. ,reconnect connects again.")


def test_commands_work_in_the_plain_client(program: repl_server.Server) -> None:
    lines = [
        *(",submit 6 * 7", ",result 1 wait", ",who", ",set prompt.theme", ",events on", ",held"),
        *(",doc len", ",time 1 + 1", ",connection", ",watch 1 x", "'the end'"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "repl_connect", "--plain", str(program.address)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        env=None,
        check=False,
    )
    out = done.stdout
    assert "Job 1: finished" in out
    assert "\n42\n" in out
    assert "* is you." in out
    assert "No error is held." in out
    assert "Return the number of items in a container." in out
    assert "round trip" in out
    assert out.endswith("'the end'\n")
    assert done.stderr == (
        "Events need the prompt: there is nowhere to show them here.\n"
        "A watch needs the prompt: there is nowhere to show its values here.\n"
    )


def test_the_tour_is_taken_a_step_at_a_time(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.enter(",tour")
    terminal.wait_for("1 of 12: a value")
    terminal.enter("6 * 7")
    terminal.wait_for_line("42")
    terminal.enter(",tour")
    terminal.wait_for("2 of 12: several lines")
    terminal.enter(",tour 11")
    terminal.wait_for("11 of 12: watching")
    terminal.enter(",tour")
    terminal.wait_for(",tour ends.")


def test_twenty_columns_are_enough(start_here: StartHere) -> None:
    terminal = start_here(columns=20)
    for command in (",who", ",sessions", ",connection", ",set", ",help"):
        terminal.enter(command)
    terminal.enter("'all of it'")
    terminal.wait_for_line("'all of it'")


def test_tab_completes_names_and_says_what_they_do(start_here: StartHere) -> None:
    terminal = start_here()
    terminal.send(",rec")
    terminal.wait_for("connect again now; or stop trying")
    terminal.press("tab")
    terminal.wait_for_current("__main__> ,reconnect")
