"""What was entered before, kept in a file for each language.

The file is prompt_toolkit's own format: a comment with the time, then each line of the entry behind
a `+`. An entry is one `write` to a file opened for appending, so several clients can share it, and
whatever cannot be read is skipped, so a damaged file costs its damaged entries only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from prompt_toolkit.history import History

__all__ = ["EntryHistory", "history_path"]

_READ: Final = 4 * 1024 * 1024  # bytes of the file's end that are read
_UNSAFE: Final = re.compile(r"[^\w.+-]")


def history_path(language: str) -> str:
    """Where the entries of a language are kept."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = state if state.startswith("/") else os.path.expanduser("~/.local/state")
    return os.path.join(base, "repl-connect", "history", _UNSAFE.sub("_", language) or "text")


class EntryHistory(History):
    """Entries of one file. `on_problem` gets a sentence, once, if it can't be written."""

    def __init__(self, path: str, on_problem: Callable[[str], None]) -> None:
        super().__init__()
        self._path = path
        self._on_problem = on_problem
        self._told = False

    def load_history_strings(self) -> Iterable[str]:
        """All entries, the newest first, without immediate repetitions."""
        try:
            with open(self._path, "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _READ))
                data = file.read(_READ)
        except OSError:
            return []
        entries: list[str] = []
        lines: list[str] = []
        for line in [*data.decode("utf-8", "replace").split("\n"), ""]:
            if line.startswith("+"):
                lines.append(line[1:])
            elif lines:
                entry = "\n".join(lines)
                lines = []
                if entry and (not entries or entries[-1] != entry):
                    entries.append(entry)
        return reversed(entries)

    def append_string(self, string: str) -> None:
        """Remember an entry, unless it starts with a blank or repeats the last one."""
        if not string.strip() or string.startswith(" "):
            return
        if self.get_strings()[-1:] == [string]:
            return
        super().append_string(string)

    def store_string(self, string: str) -> None:
        """Append an entry to the file."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        data = f"\n# {datetime.now()}\n{lines}".encode("utf-8", "replace")
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            descriptor = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            if not self._told:
                self._told = True
                self._on_problem(
                    f"The history can't be kept in {self._path} ({error.strerror}); "
                    "it lasts until you leave."
                )
