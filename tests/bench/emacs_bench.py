"""Emacs with the package, in tmux: whether it stays responsive, and what much output costs.

The package is compiled, as one that is installed is.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.flooding import END, LINES
from bench.processes import LONG, connectable, process
from bench.rows import Row, Skipped

if TYPE_CHECKING:
    from emacs.screen import Screen

__all__ = ["flood", "long_line"]

_HERE: Final = Path(__file__).parent
_LIMIT: Final = 60.0


class _Shown(NamedTuple):
    """Seconds until all was in the buffer, and the longest in which nothing else was done."""

    total: float
    gap: float
    work: float


@contextmanager
def _emacs(directory: Path) -> Iterator[tuple[Screen, str]]:
    """An Emacs, and the path of a server that it can connect to."""
    from emacs.isolated import EMACS, PACKAGE, Isolated
    from emacs.screen import Screen

    for name in ("emacs", "emacsclient", "tmux"):
        if shutil.which(name) is None:
            raise Skipped(f"{name} is not installed")
    assert EMACS is not None
    compiled = directory / "compiled"
    shutil.copytree(PACKAGE, compiled)
    files = sorted(str(file) for file in compiled.glob("*.el"))
    compiling = [EMACS, "-Q", "--batch", "-L", str(compiled), "-f", "batch-byte-compile", *files]
    done = subprocess.run(compiling, check=False, capture_output=True, text=True, timeout=LONG)
    if done.returncode != 0:
        raise RuntimeError(f"the package does not compile:\n{done.stderr}")
    path = str(directory / "flooding.sock")
    server = [sys.executable, str(_HERE / "flooding.py"), path]
    with ExitStack() as stack:
        stack.enter_context(process(server, ready=lambda: connectable(path)))
        # What Emacs has started may still write there.
        made = tempfile.TemporaryDirectory(prefix="rb-", ignore_cleanup_errors=True)
        home = Isolated(Path(stack.enter_context(made)))
        load = f'(load "{_HERE / "emacs-bench.el"}" nil t)'
        screen = Screen(home, config=load, packages=(compiled,))
        stack.callback(screen.close)
        yield screen, path


def _connect(screen: Screen, path: str) -> str:
    """Show the buffer of a connection; Lisp that is this buffer."""
    buffer = f'(get-buffer "*repl: nrepl+unix:{path}*")'
    screen.evaluate(f'(progn (repl-connect "nrepl+unix:{path}") t)')
    screen.until_value(
        f"(and {buffer} (with-current-buffer {buffer}"
        ' (save-excursion (goto-char (point-max)) (looking-back "> " (point-min)))))'
    )
    screen.evaluate(f"(progn (switch-to-buffer {buffer}) (delete-other-windows) t)")
    return buffer


def _waited(screen: Screen, result: Path, begin: str, typed: str = "") -> _Shown:
    """Begin something in Lisp, type something, and wait for its result."""
    result.unlink(missing_ok=True)
    screen.evaluate(begin)
    if typed:
        screen.enter(typed)
    deadline = time.monotonic() + LONG
    while not result.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"it has not ended:\n{screen.text()}")
        time.sleep(0.05)
    return _Shown(*map(float, result.read_text().split()))


def flood(directory: Path, *, quick: bool) -> list[Row]:
    """Lines of 100 bytes, a message for each, 10 MB in all, against comint's showing the lines.

    Of the stalls the shortest of some counts: whatever else the machine does only adds to it.
    """
    result = directory / "result"
    ours, plain = [], []
    with _emacs(directory) as (screen, path):
        buffer = _connect(screen, path)
        for turn in range(3 if quick else 4):
            screen.evaluate(f"(progn (switch-to-buffer {buffer}) t)")
            screen.evaluate("(progn (goto-char (point-max)) t)")
            begin = f'(bench-await {buffer} "{END} {turn}" "{result}")'
            ours.append(_waited(screen, result, begin, f"flood {turn}"))
            begin = f'(bench-plain "{path}.raw" "{END} it" "{result}")'
            plain.append(_waited(screen, result, begin))
            screen.evaluate('(let (kill-buffer-query-functions) (kill-buffer "*plain*"))')
    stall = min(each.gap for each in ours) * 1e3
    note = f"{min(each.work for each in ours) * 1e3:.1f} ms of it at work"
    total, theirs = (statistics.median(each.total for each in some) for some in (ours, plain))
    name = f"{LINES:,} messages into Emacs"
    return [
        Row(
            "longest stall in them",
            stall,
            _LIMIT,
            "the aim",
            stall / _LIMIT,
            1.0,
            unit="ms",
            note=note,
        ),
        Row(name, total * 1e6, theirs * 1e6, "lines into comint", total / theirs, 2.0),
    ]


def long_line(directory: Path, *, quick: bool) -> list[Row]:
    """A key in Emacs, until it is shown, below a line of 1 MB, against none."""
    result = directory / "result"
    count = 50 if quick else 200
    with _emacs(directory) as (screen, path):
        buffer = _connect(screen, path)

        def keys() -> float:
            found = screen.evaluate(f"(with-current-buffer {buffer} (bench-keys {count}))")
            return statistics.median(map(float, found.strip('"').split()))

        before = keys()
        _waited(screen, result, f'(bench-await {buffer} "{END} it" "{result}")', "long it")
        after = keys()
    name, against = "a key below a line of 1 MB", "without it"
    return [Row(name, after * 1e6, before * 1e6, against, after / before, 2.0)]
