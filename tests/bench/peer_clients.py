"""Other clients: ptpython, which evaluates in its own process, and socat to manhole."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

from bench.clients import shown, shown_figures
from bench.peers import each_part
from bench.processes import environment, forget_peak, hosted, memory, run_once, script
from bench.prompt_bench import PromptProcess, key_times, on_terminal
from bench.rows import Figure, Skipped, percentile

__all__ = ["ptpython", "socat"]

_MEGA: Final = 1_000_000
_LINE: Final = 80


def ptpython(directory: Path, *, quick: bool) -> list[Figure]:
    """Ptpython evaluates in its own process, so its output has that in it."""
    command = [script("ptpython")]
    return each_part(
        "ptpython",
        {
            "key": partial(_keys, command),
            "output": partial(_shown_lines, command),
        },
        directory,
        quick=quick,
    )


def _keys(command: list[str], directory: Path, quick: bool) -> list[Figure]:
    with on_terminal(command, directory, b">>>") as prompt:
        samples = key_times(prompt, 26 if quick else 104)
    slow = f"p95 {percentile(samples, 0.95) * 1e3:.1f} ms"
    return [Figure("key", statistics.median(samples) * 1e3, note=slow)]


def _shown_lines(command: list[str], directory: Path, quick: bool) -> list[Figure]:
    size = 5 if quick else 50
    with on_terminal(command, directory, b">>>") as prompt:
        return _output(prompt, size)


def _output(prompt: PromptProcess, size: int) -> list[Figure]:
    """So many MB of lines, on a Python prompt."""
    lines = size * _MEGA // _LINE
    before = memory(prompt.pid)
    forget_peak(prompt.pid)
    started, processor = time.perf_counter(), prompt.processor_time()
    prompt.write(f"exec(\"for _ in range({lines}): print('x' * 79)\\nprint('DO' + 'NE')\")\r")
    prompt.read_until(b"DONE")
    seconds, used = time.perf_counter() - started, prompt.processor_time() - processor
    note = f"{size} MB" if size < 50 else ""
    return [
        Figure("output", size / seconds, note=note),
        Figure("output-processor", used * 1e3 / size, note=note),
        Figure("output-memory", max(0, memory(prompt.pid, "VmHWM") - before) / _MEGA, note=note),
    ]


def socat(directory: Path, *, quick: bool) -> list[Figure]:
    """Socat to manhole: no editing, no history, no colours."""
    program = shutil.which("socat")
    if program is None:
        raise Skipped("socat is not installed")
    with hosted(directory, "manhole") as (path, _):
        command = [program, "-", f"UNIX-CONNECT:{path}"]
        return each_part(
            "socat to manhole",
            {"prompt": partial(_plain_start, command), "output": partial(_shown_lines, command)},
            directory,
            quick=quick,
        )


def _plain_start(command: list[str], directory: Path, quick: bool) -> list[Figure]:
    samples, bare = [], []
    for _ in range(4 if quick else 11):
        bare.append(run_once([sys.executable, "-c", "pass"]))
        samples.append(shown(command, b">>>", environment()))
    return shown_figures(samples[1:], statistics.median(bare), "")
