"""The prompt on a terminal: what a key costs, how much output goes through, what idling takes.

The terminal is a pseudo terminal of 24 rows that is read and thrown away; the server is ours, and
prints as any program does. A key's time is from its byte to the bytes that show it.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import statistics
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.processes import LONG, environment, forget_peak, memory, python_server, script
from bench.rows import BARE, Figure, Row, percentile

__all__ = ["PromptProcess", "idle", "key_times", "keys", "on_terminal", "output"]

_MEGA: Final = 1_000_000
_LINE: Final = 80
_ESCAPES: Final = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[^\[]|\x1b\][^\x07]*\x07")
_WAITED: Final = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)$", re.MULTILINE)
_TICKS: Final = os.sysconf("SC_CLK_TCK")

_INPUT: Final = "\n".join(
    f"    total_{number} = compute(first[{number}], 'text {number}', key=lambda x: x + {number})"
    for number in range(49)
)
"""With its header, fifty lines of Python."""


class PromptProcess:
    """A prompt in a pseudo terminal: `repl-connect ADDRESS`, or another."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid = pid
        self.terminal = terminal

    def write(self, text: str) -> None:
        """Type."""
        os.write(self.terminal, text.encode())

    def read(self, timeout: float = LONG) -> bytes:
        """What the terminal got; nothing if nothing came in the time."""
        ready, _, _ = select.select([self.terminal], [], [], timeout)
        return os.read(self.terminal, 1 << 20) if ready else b""

    def read_until(self, mark: bytes) -> None:
        """Throw away what comes, up to the mark, which must come in one piece."""
        shown = b""
        while mark not in shown:
            data = self.read()
            if not data:
                raise RuntimeError(f"not shown: {mark!r}; but {shown!r}")
            shown = shown[-len(mark) :] + data

    def read_rest(self, quiet: float = 0.3) -> None:
        """Throw away what comes until nothing does for so long."""
        while self.read(quiet):
            pass

    def read_for(self, seconds: float) -> None:
        """Throw away what comes in so much time."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.read(left)

    def processor_time(self) -> float:
        """Seconds of processor time that it has used."""
        words = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        return sum(int(word) for word in words.split()[11:13]) / _TICKS

    def wakeups(self) -> int:
        """How often one of its threads has waited for something and gone on."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/status")
        texts = (status.read_text(encoding="ascii") for status in threads)
        return sum(int(_WAITED.findall(text)[0]) for text in texts)


@contextlib.contextmanager
def _prompt(directory: Path, address: str) -> Iterator[PromptProcess]:
    """Ours, when it is there and has loaded what it needs."""
    with on_terminal([script("repl-connect"), address], directory, b"__main__>") as process:
        yield process


@contextlib.contextmanager
def on_terminal(command: list[str], directory: Path, mark: bytes) -> Iterator[PromptProcess]:
    """A prompt for Python, when it has shown the mark and evaluated something."""
    own = {**environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    own |= {"XDG_STATE_HOME": str(directory), "REPL_CONNECT_CONFIG": str(directory / "none")}
    pid, terminal = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(0, (24, 80))
        os.execve(command[0], command, own)
    try:
        process = PromptProcess(pid, terminal)
        process.read_until(mark)
        process.write("1 + 1\r")
        process.read_until(b"2")
        process.read_rest()
        yield process
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def output(directory: Path, *, quick: bool) -> list[Row]:
    """Printed lines of 80 bytes from the program to the terminal, and the memory that takes.

    The floor has them in a file, and no prompt below: `cat` on a terminal in raw mode.
    """
    lines = (30 if quick else 50) * _MEGA // _LINE
    code = f"for _ in range({lines}): print('{'x' * (_LINE - 1)}')\r\r'DO' + 'NE'\r"
    file = directory / "lines"
    file.write_bytes((b"x" * (_LINE - 2) + b"\r\n") * lines)
    mine, theirs, used = [], [], []
    with python_server(directory) as path, _prompt(directory, path) as prompt:
        for turn in range(4):
            theirs.append(_shown_by_cat(file))
            if turn == 1:
                before = memory(prompt.pid)
                forget_peak(prompt.pid)
            started, processor = time.perf_counter(), prompt.processor_time()
            prompt.write(code)
            prompt.read_until(b"DONE")
            mine.append(time.perf_counter() - started)
            used.append(prompt.processor_time() - processor)
            prompt.read_rest()
        grown = max(0, memory(prompt.pid, "VmHWM") - before)
    seconds, floor = statistics.median(mine[1:]), statistics.median(theirs[1:])
    size = lines * _LINE / _MEGA
    work = statistics.median(used[1:]) * 1e3 / size
    figures = (
        Figure("output", size / seconds),
        Figure("output", size / floor, BARE, "cat, raw terminal"),
        Figure("output-processor", work),
        Figure("output-memory", grown / _MEGA),
    )
    return [
        Row(
            "lines through the prompt",
            size / seconds,
            size / floor,
            "cat, raw terminal",
            seconds / floor,
            1.6,
            1.0,
            "MB/s",
            f"{work:.1f} ms of the processor for each MB",
            reached=5.0,
            figures=figures,
        ),
        Row(
            "memory while they are shown",
            grown / _MEGA,
            2.0,
            "the aim",
            grown / (2 * _MEGA),
            1.0,
            unit="MB",
        ),
    ]


def _shown_by_cat(file: Path) -> float:
    """Seconds that a file takes through a terminal that passes each byte as it is."""
    pid, terminal = pty.fork()
    if pid == 0:
        tty.setraw(0)
        os.execvp("cat", ["cat", str(file)])
    started = time.perf_counter()
    with contextlib.suppress(OSError):  # the end of a terminal is an error
        while os.read(terminal, 1 << 20):
            pass
    seconds = time.perf_counter() - started
    os.waitpid(pid, 0)
    os.close(terminal)
    return seconds


_PRINTING: Final = """
import threading, time
def lines():
    while True:
        time.sleep(0.01)
        print("\\n".join(["printed by a thread" * 4] * 100))
threading.Thread(target=lines, daemon=True).start()
"""


def keys(directory: Path, *, quick: bool) -> list[Row]:
    """A key in fifty lines of Python until it is shown; the same while a thread prints."""
    count = 52 if quick else 208
    rows: list[Row] = []
    with python_server(directory) as path, _prompt(directory, path) as prompt:
        for name, limit, goal, reached in (
            ("a key in 50 lines, p50", 2.0, 0.5, 2.3),
            ("the same beside 10,000 lines/s", 5.0, 1.0, 1.7),
        ):
            samples = key_times(prompt, count)
            found = statistics.median(samples) * 1e3
            slow = f"p95 {percentile(samples, 0.95) * 1e3:.1f} ms"
            rows.append(
                Row(
                    name,
                    found,
                    limit,
                    "the aim",
                    found / limit,
                    1.0,
                    goal / limit,
                    "ms",
                    slow,
                    reached=reached,
                    figures=() if rows else (Figure("key", found, note=slow),),
                )
            )
            prompt.write(f"\x03exec({_PRINTING!r})\r")
            prompt.read_for(1.0)
    return rows


def key_times(prompt: PromptProcess, count: int) -> list[float]:
    """Seconds from a key to the bytes that show it, at the end of a long input.

    No letter is typed that stands there already: whatever is drawn again has none of it.
    """
    typed = f"def function(first):\n{_INPUT}\n".replace("\n", "\r")
    prompt.write(f"\x1b[200~{typed}\x1b[201~")
    prompt.read_for(1.0)
    samples = []
    for number in range(count):
        letter = bytes([ord("A") + number % 26])
        started = time.perf_counter()
        prompt.write(letter.decode())
        shown = b""
        while letter not in _ESCAPES.sub(b"", shown):
            data = prompt.read(5.0)
            if not data:
                raise RuntimeError(f"not shown: {letter!r}")
            shown += data
        samples.append(time.perf_counter() - started)
        if number % 26 == 25:
            prompt.write("\x15")
        prompt.read_for(0.02)
    return samples


def idle(directory: Path, *, quick: bool) -> list[Row]:
    """Processor time, and how often it wakes up, in seconds in which nothing happens."""
    seconds = 2.0 if quick else 10.0
    with python_server(directory) as path, _prompt(directory, path) as prompt:
        prompt.read_rest(1.0)
        before, wakeups = prompt.processor_time(), prompt.wakeups()
        prompt.read(seconds)
        used = prompt.processor_time() - before
        often = (prompt.wakeups() - wakeups) / seconds
    part = used / seconds
    return [
        Row("processor while idle", part * 100, 0.5, "the aim", part / 0.005, 1.0, unit="%"),
        Row("wakeups while idle", often, 0.2, "the aim", often / 0.2, 1.0, unit="/s"),
    ]
