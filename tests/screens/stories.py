"""What the pictures in the user's guide show: real programs, the real client, a real terminal."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

from terminal import Terminal

__all__ = ["STORIES", "Story"]

Story = Callable[[Path], contextlib.AbstractContextManager[Terminal]]
"""Plays in a directory of its own; the terminal as it is to be seen."""

_GAME = """
(use-modules (ice-9 format) (system repl coop-server) (system repl server))
(define *server*
  (spawn-coop-repl-server (make-unix-domain-server-socket #:path "./guile-socket")))
(define *myglobal* 5)
(display "listening\\n") (force-output)
(let loop ()
  (usleep 20000)
  (poll-coop-repl-server *server*)
  (loop))
"""

_SIMULATION = '''
"""A shop: orders come in, a loop works them off."""

import repl_server

prices = {"apple": 3, "pear": 4, "quince": 9}
orders = [("apple", 2), ("pear", 1)]
turn = 0


def total(name: str, count: int, *, discount: int = 0) -> int:
    """What so many of a fruit cost, in cents, less the discount."""
    return prices[name] * count - discount


def work(orders):
    return [total(name, count) for name, count in orders]


server = repl_server.CoopServer("./shop.sock", namespace=globals())
print("listening", flush=True)
while True:
    turn += 1
    server.continuable(work)(orders)
    server.sleep(0.02)
'''


@contextlib.contextmanager
def _program(directory: Path, *command: str) -> Iterator[None]:
    with subprocess.Popen(
        command,
        cwd=directory,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
        try:
            yield
        finally:
            process.kill()


def _drain(stream: IO[str]) -> None:
    with contextlib.suppress(ValueError):
        while stream.read(4096):
            pass


@contextlib.contextmanager
def _prompt(directory: Path, *arguments: str, prompt: str, rows: int) -> Iterator[Terminal]:
    with Terminal(
        [sys.executable, "-m", "repl_connect", *arguments],
        environment={
            "XDG_STATE_HOME": str(directory / "state"),
            "REPL_CONNECT_CONFIG": "/dev/null",
            "REPL_CONNECT_PROMPT__TIMING": "-1",  # another one each time
            "COLORTERM": None,
        },
        columns=88,
        rows=rows,
        timeout=30,
        directory=str(directory),
    ) as terminal:
        terminal.wait_for_current(prompt)
        yield terminal


@contextlib.contextmanager
def _shop(directory: Path, *, rows: int) -> Iterator[Terminal]:
    (directory / "shop.py").write_text(_SIMULATION)
    with (
        _program(directory, sys.executable, "shop.py"),
        _prompt(directory, "./shop.sock", prompt="__main__>", rows=rows) as terminal,
    ):
        yield terminal


@contextlib.contextmanager
def guile(directory: Path) -> Iterator[Terminal]:
    """A cooperative Guile: a value, an error that is over at once, an endless loop stopped."""
    (directory / "game.scm").write_text(_GAME)
    with (
        _program(directory, "guile", "--no-auto-compile", "game.scm"),
        _prompt(directory, "./guile-socket", prompt="(guile-user)>", rows=16) as terminal,
    ):
        terminal.enter("(define *myglobal* 3)")
        terminal.wait_for_current("(guile-user)>")
        terminal.enter("(car 1)")
        terminal.wait_for("Wrong type")
        terminal.enter('(values *myglobal* "héλ✓")')
        terminal.wait_for_line('$2 = "héλ✓"')
        terminal.enter("(let lp () (lp))")
        terminal.press("ctrl-c")
        terminal.wait_for_line("interrupted")
        terminal.send("(map (lambda (x) (* x x)) (iota 10")
        terminal.wait_for("(iota count")
        terminal.wait_quiet()
        yield terminal


@contextlib.contextmanager
def completion(directory: Path) -> Iterator[Terminal]:
    """Names with what they take, and the signature of the call one is in."""
    with _shop(directory, rows=14) as terminal:
        terminal.enter('total("apple", 3)')
        terminal.wait_for_line("9")
        terminal.send('total("pear", 2, d')
        terminal.wait_for("discount=")
        terminal.wait_for("total(name")
        terminal.wait_quiet()
        yield terminal


@contextlib.contextmanager
def documentation(directory: Path) -> Iterator[Terminal]:
    """F1 on a name."""
    with _shop(directory, rows=14) as terminal:
        terminal.send("total")
        terminal.press("f1")
        terminal.wait_for("in cents")
        terminal.wait_quiet()
        yield terminal


@contextlib.contextmanager
def held(directory: Path) -> Iterator[Terminal]:
    """An error in the program's loop, held; mended, and the call made again."""
    with _shop(directory, rows=24) as terminal:
        terminal.enter('orders.append(("plum", 1))')
        terminal.wait_for(",retry")
        terminal.wait_for_current("__main__>")
        terminal.enter('prices["plum"] = 5')
        terminal.wait_for_current("__main__>")
        terminal.enter(",retry")
        terminal.wait_quiet()
        terminal.enter("work(orders)")
        terminal.wait_for_line("[6, 4, 5]")
        terminal.wait_for_current("__main__>")
        terminal.wait_quiet()
        yield terminal


@contextlib.contextmanager
def errors(directory: Path) -> Iterator[Terminal]:
    """A long traceback, folded to what matters."""
    with _shop(directory, rows=30) as terminal:
        terminal.paste(
            "def left(n):\n    return right(n - 1)\n\n\n"
            "def right(n):\n    return left(n - 1) if n else 1 / n\n"
        )
        terminal.press("alt-enter")
        terminal.wait_for_current("__main__>")
        terminal.enter("left(41)")
        terminal.wait_for("ZeroDivisionError")
        terminal.wait_for_current("__main__>")
        terminal.wait_quiet()
        yield terminal


@contextlib.contextmanager
def jobs(directory: Path) -> Iterator[Terminal]:
    """Work that is left with the program, and fetched later."""
    with _shop(directory, rows=20) as terminal:
        terminal.enter(",submit sum(total(name, 1) for name in prices)")
        terminal.wait_for("finished")
        terminal.wait_for_current("__main__>")
        terminal.enter(",result 1")
        terminal.wait_for_line("16")
        terminal.enter(",who")
        terminal.wait_for("repl-connect")
        terminal.wait_quiet()
        yield terminal


STORIES: Final[dict[str, Story]] = {
    "guile": guile,
    "completion": completion,
    "documentation": documentation,
    "held": held,
    "errors": errors,
    "jobs": jobs,
}
"""By the name of the picture."""
