"""The ERT tests of a file, run by an Emacs without a terminal."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from editors.programs import Program
from emacs.isolated import EMACS, PACKAGE, QUIET, Isolated

__all__ = ["ERT_FILES", "about_program", "programs_of", "run_ert"]

_HERE = Path(__file__).parent
ERT_FILES: Final = sorted(_HERE.glob("*-tests.el"))
_SERVING = [sys.executable, str(_HERE.parent / "editors" / "serving.py")]
_PROGRAMS = re.compile(r"^;; Programs: +(.*)$", re.MULTILINE)
_RESULT = re.compile(
    r"^ +(passed|failed|skipped|FAILED|SKIPPED|QUIT) +\d+/\d+ +(\S+)", re.MULTILINE
)
_TO_EXPLAIN: Final = 3.0


def programs_of(file: Path) -> list[str]:
    """The kinds of programs that a file is about: what it has after `;; Programs:`."""
    found = _PROGRAMS.search(file.read_text("utf-8"))
    return found[1].split() if found else []


def about_program(program: Program) -> dict[str, str]:
    """The variables by which `testing.el` knows of a running program."""
    words = {**program.words._asdict(), "suffix": program.suffix, "assign": program.assign(77)}
    return {
        "REPL_CONNECT_TEST_ADDRESS": program.address,
        "REPL_CONNECT_TEST_KIND": program.kind,
        "REPL_CONNECT_TEST_WORDS": json.dumps(words),
    }


def run_ert(
    file: Path,
    *,
    environment: Mapping[str, str] | None = None,
    watchdog: float = 120.0,
    to_end: float = 8.0,
) -> str:
    """Run all tests of the file in one Emacs; what it said.

    Fails with that if a test of it does, if Emacs is not done in so many seconds (`watchdog`), or
    if processes that it has started do not end with it, within `to_end`. Skips if a test of it was.
    """
    if EMACS is None:
        pytest.skip("needs emacs")
    with tempfile.TemporaryDirectory(prefix="rc-emacs-", ignore_cleanup_errors=True) as directory:
        home = Isolated(
            Path(directory),
            environment={"REPL_CONNECT_TEST_SERVING": json.dumps(_SERVING), **(environment or {})},
        )
        command = [EMACS, "-Q", "--batch", "--eval", QUIET, "-L", str(PACKAGE), "-L", str(_HERE)]
        command += ["-l", "ert", "-l", "testing", "-l", str(file)]
        command += ["-f", "ert-run-tests-batch-and-exit"]
        said = Path(directory, "said")
        with said.open("wb") as output:
            emacs = subprocess.Popen(
                command,
                cwd=home.project,
                env=home.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Without a terminal Emacs leaves SIGPIPE as it is; with one it ignores it.
                restore_signals=False,
            )
            trouble = _await(emacs, watchdog)
        text = said.read_text("utf-8", "replace")
        if left := home.left_behind(to_end):
            trouble.append(f"Left behind: {left}")
    results = _RESULT.findall(text)
    if emacs.returncode != 0 or trouble or not results:
        named = {name: f"{result.lower()}: {name}" for result, name in results}
        what = "\n".join(
            [f"Emacs ended with status {emacs.returncode}.", *trouble, *named.values()]
        )
        pytest.fail(f"{file.name}\n{what}\n\n{text}", pytrace=False)
    if skipped := sorted({name for result, name in results if result.lower() == "skipped"}):
        pytest.skip(f"{file.name} skipped {', '.join(skipped)}\n{text}")
    return text


def _await(emacs: subprocess.Popen[bytes], watchdog: float) -> list[str]:
    """Wait until it ends, or end it: what is to be said of that."""
    try:
        emacs.wait(watchdog)
    except subprocess.TimeoutExpired:
        # Lisp that runs is stopped by this, and told as an error is.
        emacs.send_signal(signal.SIGUSR2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            emacs.wait(_TO_EXPLAIN)
        emacs.kill()
        emacs.wait()
        return [f"It was stopped: it was not done in {watchdog} s."]
    return []
