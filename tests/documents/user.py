"""A user who follows a document: a fresh home, a shell, terminals, and programs that run."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pexpect
from documents.comparing import difference
from documents.installed import Installed
from documents.reading import Step
from editors.isolated import Home
from terminal import Terminal

__all__ = ["Finished", "User"]

_HOME: Final = "/home/ada"
_LIMIT: Final = 30.0
_END: Final = "\x1e"

_GUILE: Final = """
(use-modules (system repl server))
{code}
(spawn-server (make-unix-domain-server-socket #:path "{socket}"))
(display "ready") (force-output)
(let loop () (usleep 50000) (loop))
"""


class Finished(NamedTuple):
    """The exit status of a command line, and the lines that it printed on either output."""

    status: int
    lines: list[str]


class User(Home):
    """Somebody with an empty home, in which they are, and with `repl-connect` on their PATH.

    In documents the home is /home/ada. `installed` says where their `repl-connect` is from.
    """

    def __init__(self, directory: Path, installed: Installed) -> None:
        ours = Path(sys.executable).parent
        places = [each for each in os.get_exec_path() if Path(each) != ours]
        foreign = [name for name in os.environ if name.startswith(("REPL_", "PYTHON", "XDG_"))]
        home = directory / "home" / "ada"
        home.mkdir(parents=True)
        super().__init__(
            directory,
            environment={
                **dict.fromkeys([*foreign, "VIRTUAL_ENV", "EDITOR", "VISUAL", "PAGER"]),
                **dict.fromkeys(["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]),
                "REPL_CONNECT_CONFIG": None,
                "XDG_CACHE_HOME": None,
                "XDG_RUNTIME_DIR": str(directory / "run"),
                "HOME": str(home),
                "PATH": os.pathsep.join([str(installed.commands), *places]),
            },
        )
        self.home = home
        self.installed = installed
        self._open = ExitStack()
        self._shell: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End all that was started."""
        self._open.close()
        self.left_behind(0)

    # A shell

    def run(self, command: str, limit: float = _LIMIT) -> Finished:
        """Run a command line in the user's shell, which keeps its variables; without any input."""
        shell = self._shell = self._shell or self._start_shell()
        assert shell.stdin is not None
        line = f"{{ {command}\n}} </dev/null 2>&1\nprintf '{_END}%s{_END}' $?\n"
        shell.stdin.write(line.encode())
        shell.stdin.flush()
        assert shell.stdout is not None
        said, end = b"", time.monotonic() + limit
        while said.count(_END.encode()) < 2:
            ready, _, _ = select.select([shell.stdout], [], [], max(end - time.monotonic(), 0))
            data = os.read(shell.stdout.fileno(), 65536) if ready else b""
            assert data, f"no end of {command!r} after {limit} s:\n{said.decode(errors='replace')}"
            said += data
        text, status, _ = said.decode("utf-8", "replace").split(_END)
        return Finished(int(status), text.replace(str(self.home), _HOME).splitlines())

    def succeed(self, command: str, limit: float = _LIMIT) -> list[str]:
        """Run it, to exit status 0; the lines that it printed."""
        done = self.run(command, limit)
        assert done.status == 0, (command, *done)
        return done.lines

    def follow(self, step: Step, *, status: int = 0, ordered: bool = True) -> None:
        """Run a command of a document, which has to end so, and print what is shown below it.

        Where a document shows nothing, anything may be printed.
        """
        done = self.run(step.command)
        assert done.status == status, (step.command, *done)
        if step.output:
            assert not (told := difference(step.output, done.lines, ordered=ordered)), told

    # Terminals

    def terminal(
        self,
        command: str,
        *,
        columns: int = 100,
        rows: int = 40,
        environment: Mapping[str, str | None] | None = None,
    ) -> Terminal:
        """A terminal of the user's on which a command runs; it is closed in the end."""
        return self._open.enter_context(
            Terminal(
                ["sh", "-c", command],
                environment={**self._away(), **self.variables, **(environment or {})},
                columns=columns,
                rows=rows,
                timeout=_LIMIT,
                directory=str(self.home),
            )
        )

    def prompt(self, command: str, prompt: str) -> Terminal:
        """Open a prompt by a command line, and wait until it shows this."""
        terminal = self.terminal(command)
        terminal.wait_for_current(prompt)
        return terminal

    def leave(self, terminal: Terminal) -> None:
        """Leave a prompt as one does."""
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0, terminal.all_text

    # Programs

    def write(self, name: str, text: str) -> Path:
        """A file in the user's home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def program(self, command: str, until: str, **variables: str) -> pexpect.spawn[str]:
        """Start a program on a terminal, as one would, and wait until it has printed a text."""
        merged = {**self.environment, **variables}
        child: pexpect.spawn[str] = pexpect.spawn(
            "sh",
            ["-c", f"exec {command}"],
            cwd=str(self.home),
            env=merged,
            encoding="utf-8",
            timeout=_LIMIT,
            dimensions=(24, 200),
        )
        self._open.callback(child.close, force=True)
        child.expect_exact(until)
        return child

    def python(self, code: str, until: str = "ready", **variables: str) -> pexpect.spawn[str]:
        """Start a Python program that has this text, with the user's own packages."""
        name = f"program{len(list(self.home.glob('program*.py')))}.py"
        self.write(name, code)
        return self.program(f"python {name}", until, **variables)

    def guile(self, socket: Path, code: str = "") -> None:
        """Start a Guile program with a REPL at a socket, and wait until that can be used."""
        self.write(f"{socket.name}.scm", _GUILE.format(code=code, socket=socket))
        self.program(f"guile --no-auto-compile {socket.name}.scm", "ready")
        self.succeed(f"repl-connect eval {socket} 1 --wait {_LIMIT}")

    def _away(self) -> dict[str, str | None]:
        """The variables of this process that the user does not have."""
        return {name: None for name in os.environ if name not in self.environment}

    def _start_shell(self) -> subprocess.Popen[bytes]:
        shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.home,
            env=self.environment,
        )
        self._open.callback(_end, shell)
        return shell


def _end(shell: subprocess.Popen[bytes]) -> None:
    shell.kill()
    shell.communicate()
