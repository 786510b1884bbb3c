"""Emacs in tmux, for the tests that look at the screen itself."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from emacs.isolated import EMACS, PACKAGE, QUIET, Isolated
from tmux import Tmux

__all__ = ["Screen"]

_LIMIT: Final = 15.0
_SECONDS: Final = 20.0


class Screen:
    """An Emacs with the package, in a home of its own (`Isolated`), on a screen of 80 by 24.

    It edits the files that are named, relative to the home's `project`. `config` is Elisp that runs
    before. `packages` are directories for `load-path`.
    """

    def __init__(
        self,
        home: Isolated,
        *files: str,
        config: str = "",
        packages: tuple[Path, ...] = (PACKAGE,),
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        assert EMACS is not None
        self.home = home
        self._server = str(home.directory / "emacs")
        serve = f'(setq server-name "{self._server}") (server-start)'
        elisp = [QUIET, config, "(require 'repl-connect)", serve]
        command = ["env", f"--chdir={home.project}"]
        settings = home.variables.items()
        command += [f"--unset={name}" for name, value in settings if value is None]
        command += [f"{name}={value}" for name, value in settings if value is not None]
        command += [
            EMACS,
            "-nw",
            "-Q",
            *(option for each in packages for option in ("-L", str(each))),
        ]
        command += [option for each in elisp if each for option in ("--eval", f"(progn {each})")]
        self.tmux = Tmux(shlex.join([*command, *files]))
        if (columns, rows) != (80, 24):
            self.tmux.resize(columns, rows)
        try:
            self.until_so(lambda: Path(self._server).exists(), "Emacs has started")
        except BaseException:
            self.close()
            raise

    def type(self, text: str) -> None:
        """Type text, each character by its key."""
        self.tmux.send(text)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them: `C-x`, `M-p`, `Enter`, `Tab`."""
        self.tmux.press(*keys)

    def enter(self, text: str) -> None:
        """Type a line and press Enter."""
        self.tmux.send(text)
        self.tmux.press("Enter")

    def run(self, command: str, *answers: str) -> None:
        """Run a command by its name, and answer what it asks."""
        self.tmux.press("M-x")
        for line in (command, *answers):
            self.enter(line)

    def text(self) -> str:
        """What is shown."""
        return self.tmux.screen()

    def until(self, text: str) -> None:
        """Wait until the screen has this text."""
        self.until_so(lambda: text in self.text(), f"{text!r} is on the screen")

    def until_line(self, *parts: str) -> None:
        """Wait for a line of the screen that has all of these."""
        self.until_so(
            lambda: any(all(part in line for part in parts) for line in self.text().splitlines()),
            f"a line of the screen has {parts}",
        )

    def until_value(self, elisp: str, value: str = "t") -> None:
        """Wait until Elisp has this value."""
        self.until_so(lambda: self.evaluate(elisp) == value, f"{elisp} is {value}")

    def until_so(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until it holds; fail with what is on the screen."""
        deadline = time.monotonic() + _LIMIT
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"after {_LIMIT} s, not so: {what}\n{self._shown()}")
            time.sleep(0.01)

    def evaluate(self, elisp: str) -> str:
        """What Elisp evaluates to, as it is printed, for what the screen does not tell."""
        command = ["emacsclient", "-s", self._server, "--eval", elisp]
        try:
            done = subprocess.run(
                command,
                env=self.home.environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Emacs does not answer {elisp}\n{self._shown()}") from None
        except subprocess.CalledProcessError as error:
            said = error.stdout + error.stderr
            raise AssertionError(f"{elisp}\n{said}\n{self._shown()}") from None
        return done.stdout.rstrip("\n")

    def close(self) -> None:
        """End Emacs as a terminal that is closed does; fail if what it has started stays."""
        with contextlib.suppress(subprocess.CalledProcessError):  # Emacs has ended, and tmux too
            self.tmux.close()
        left = self.home.left_behind()
        assert not left, f"Left behind: {left}"

    def _shown(self) -> str:
        try:
            return self.text()
        except subprocess.CalledProcessError:
            return "Emacs has ended."
