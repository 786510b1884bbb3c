"""What is shown before prompt_toolkit is there, and typed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt.conftest import CLIENT, StartServer
from terminal import Terminal

DRAWN = b"\x1b[J"  # only what prompt_toolkit draws erases anything


@pytest.fixture
def terminal(
    tmp_path: Path, start_server: StartServer, request: pytest.FixtureRequest
) -> Iterator[Terminal]:
    """A prompt that shows what it begins with, and whose prompt_toolkit is not there yet."""
    given: tuple[int, dict[str, str]] = getattr(request, "param", (80, {}))
    columns, environment = given
    gate = tmp_path / "gate"
    held = tmp_path / "held"
    held.mkdir()
    # In prompt_toolkit's place, until the gate is open; what it is asked for then is the real one.
    (held / "sitecustomize.py").write_text(
        "import sys, time, pathlib\n"
        "class Gate:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'prompt_toolkit.application':\n"
        f"            while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.005)\n"
        "sys.meta_path.insert(0, Gate())\n"
    )
    path = ":".join([str(held), *filter(None, sys.path)])
    with Terminal(
        [sys.executable, str(CLIENT), str(start_server("guile").path)],
        environment={
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "REPL_CONNECT_CONFIG": "/dev/null",
            "PYTHONPATH": path,
            **environment,
        },
        columns=columns,
    ) as opened:
        opened.gate = gate  # type: ignore[attr-defined]
        yield opened


def _open(terminal: Terminal) -> None:
    terminal.gate.touch()  # type: ignore[attr-defined]


def _shown(terminal: Terminal) -> str:
    """What is shown first, when it is."""
    terminal.wait_until(lambda: terminal.current.endswith("(guile-user)>"), "the prompt")
    assert DRAWN not in terminal.raw
    return terminal.all_text.rstrip()


def _drawn(terminal: Terminal) -> None:
    """Let prompt_toolkit come, and have it draw."""
    _open(terminal)
    terminal.wait_until(lambda: DRAWN in terminal.raw, "drawn")
    terminal.wait_quiet()


@pytest.mark.parametrize(
    "terminal",
    [(80, {}), (30, {}), (80, {"COLORTERM": "truecolor", "REPL_CONNECT_PROMPT__THEME": "dark"})],
    indirect=True,
)
def test_it_is_drawn_over_as_it_was(terminal: Terminal) -> None:
    before = _shown(terminal)
    looks = [dict(terminal.screen.buffer[row]) for row in range(len(before.split("\n")))]
    _drawn(terminal)
    assert terminal.all_text.startswith(before)
    for row, cells in enumerate(looks):
        drawn = terminal.screen.buffer[row]
        assert all(drawn[column] == cell for column, cell in cells.items() if cell.data != " ")


def test_what_is_typed_meanwhile_is_done_then(terminal: Terminal) -> None:
    _shown(terminal)
    terminal.enter("(add 1 2)")
    terminal.paste("(add 3\n4)")
    terminal.press("enter")
    terminal.press("ctrl-c")
    terminal.send("(zz")
    _open(terminal)
    terminal.wait_for_line("$1 = 3")
    terminal.wait_for_line("$2 = 7")
    terminal.wait_for_current("(guile-user)> (zz")
    assert terminal.all_text.count("Toy 1.0 at") == 1


def test_ctrl_c_does_not_end_it(terminal: Terminal) -> None:
    _shown(terminal)
    terminal.press("ctrl-c")
    _open(terminal)
    terminal.wait_for_line("Nothing runs. Ctrl-D or ,quit leaves.")


def test_nor_does_its_signal(terminal: Terminal) -> None:
    _shown(terminal)
    terminal.child.kill(signal.SIGINT)
    _open(terminal)
    terminal.wait_for_line("Nothing runs. Ctrl-D or ,quit leaves.")


@pytest.mark.parametrize(
    "terminal", [(80, {"REPL_CONNECT_PROMPT__KEYS": "vi"}), (12, {})], indirect=True
)
def test_not_where_it_may_look_otherwise(terminal: Terminal) -> None:
    _open(terminal)
    terminal.wait_until(lambda: DRAWN in terminal.raw, "drawn")
    assert terminal.raw.count(b"Toy 1.0") == 1
