"""The real command, run as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["COMMAND", "Finished", "refused", "repl_connect", "run", "start"]

_SCRIPT = Path(sys.executable).with_name("repl-connect")
COMMAND = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "repl_connect"]
LONG = 60.0


class Finished(NamedTuple):
    code: int
    out: str
    err: str


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """`repl-connect eval` with these arguments, with pipes."""
    return subprocess.Popen(
        [*COMMAND, "eval", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )


def run(*arguments: str, stdin: str = "") -> Finished:
    """`repl-connect eval` to its end."""
    with start(*arguments) as process:
        try:
            out, err = process.communicate(stdin.encode("utf-8", "surrogateescape"), LONG)
        except BaseException:
            process.kill()
            raise
    return Finished(
        process.returncode,
        out.decode("utf-8", "surrogateescape"),
        err.decode("utf-8", "surrogateescape"),
    )


def repl_connect(*arguments: str, directory: Path | None = None, stdin: str = "") -> Finished:
    """`repl-connect` with these arguments to its end, in a directory."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=directory,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def refused(address: str, *arguments: str, code: int = 3) -> str:
    """Evaluating there fails with a sentence: it is checked, and given."""
    finished = run(address, "1", *arguments)
    assert finished.code == code, finished
    assert finished.out == ""
    assert finished.err.startswith("repl-connect: ")
    assert finished.err.endswith("\n")
    assert finished.err.count("\n") <= 2
    assert "Traceback" not in finished.err
    return finished.err.removeprefix("repl-connect: ")
