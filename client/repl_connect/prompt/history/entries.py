"""What was entered before: a file for each language, each entry with its project."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Final

from prompt_toolkit.history import History

from repl_connect.prompt.history.file import LARGEST, Entry, HistoryFile, Position, Reading
from repl_connect.prompt.history.project import project_directory
from repl_connect.settings.places import short_path
from repl_connect.state import state_path

__all__ = ["EntryHistory", "history_path"]

_UNSAFE: Final = re.compile(r"[^\w.+-]")
_Read = tuple[Reading, list[str], str]
"""The file's entries, the texts of those in scope, and a sentence if there is a problem."""
_MOST_IN_MEMORY: Final = 10_000  # entries, where none are kept in a file


def history_path(language: str, directory: str = "") -> str:
    """Where the entries of a language are kept; `directory` instead of the usual one."""
    base = os.path.abspath(os.path.expanduser(directory)) if directory else state_path("history")
    name = _UNSAFE.sub("_", language)
    return os.path.join(base, name if name.strip(".") else "text")


class EntryHistory(History):
    """The entries of one file, each once, where it was entered last.

    `project` is the directory whose entries are shown, by default that of the project one is in;
    with `scope` `all` those of all projects are. The file keeps `size` entries; with 0 it is
    neither read nor written. `on_problem` gets a sentence, once, about a file that is damaged or
    can't be used; one works on without.
    """

    def __init__(
        self,
        path: str,
        on_problem: Callable[[str], None],
        *,
        project: str | None = None,
        scope: str = "project",
        size: int = 10_000,
    ) -> None:
        super().__init__()
        self._file = HistoryFile(path)
        self._on_problem = on_problem
        self._project = project
        self._scope = scope
        self._size = size
        self._warned = False
        self._told_of_writing = False
        self._entries: dict[str, None] = {}  # the oldest first
        self._newest: list[str] | None = None
        self._unread: list[str] = []  # entered here, and perhaps not in the file
        self._position: Position | None = None
        self._count = 0
        self._reading: asyncio.Future[_Read] | None = None
        self.loaded = False
        """Whether the file's entries are here."""

    @property
    def scope(self) -> str:
        """Whose entries are shown: `project` or `all`."""
        return self._scope

    @scope.setter
    def scope(self, scope: str) -> None:
        if scope != self._scope:
            self._scope = scope
            self.loaded = False
            self._reading = None

    async def load(self) -> AsyncGenerator[str, None]:
        """The entries, the newest first. The file is read in a thread."""
        await self.read()
        for entry in self.newest_first():
            yield entry

    async def read(self) -> None:
        """Get the entries of the file, if they are not here yet."""
        if self.loaded:
            self.refresh()
            return
        if self._reading is None:
            self._reading = asyncio.get_running_loop().run_in_executor(None, self._read_all)
        reading = self._reading
        read = await asyncio.shield(reading)  # the buffer may stop waiting, and ask again
        if reading is self._reading:
            self._take_all(read)

    def refresh(self) -> bool:
        """Take over what other clients have entered since; whether there was anything."""
        if not self.loaded or self._position is None or not self._file.has_changed(self._position):
            return False
        try:
            reading = self._file.read(self._position)
        except OSError:
            return False
        shown = self._shown(reading)
        if reading.fresh:
            self._take_all((reading, shown, ""))
            return True
        for entry in shown:
            self._remember(entry)
        self._count += len(reading.entries)
        self._position = reading.position
        return bool(shown)

    def load_history_strings(self) -> Iterable[str]:
        """The entries, the newest first, read at once."""
        self._take_all(self._read_all())
        return self.newest_first()

    def get_strings(self) -> list[str]:
        """The entries that are here, the oldest first."""
        return list(self._entries)

    def newest_first(self) -> Sequence[str]:
        """The entries that are here; the same list until there are others. Not to be changed."""
        if self._newest is None:
            self._newest = list(reversed(self._entries))
        return self._newest

    def append_string(self, string: str) -> None:
        """Remember an entry, unless it starts with a blank or repeats the last one."""
        if not string.strip() or string.startswith(" "):
            return
        if next(reversed(self._entries), None) == string:
            return
        self._remember(string)
        if not self.loaded:
            self._unread.append(string)
        self.store_string(string)

    def store_string(self, string: str) -> None:
        """Append an entry to the file."""
        if not self._size:
            return
        try:
            start, end = self._file.append(Entry(string, self._present_project()))
            self._count += 1
            before = self._position
            if before is not None and before == end._replace(offset=start):
                self._position = end  # else others have written: `refresh` takes it all
            if self.loaded and (self._count > self._size * 5 // 4 or end.offset > 2 * LARGEST):
                self._file.shorten(self._size)
                self._count = min(self._count, self._size)
        except OSError as error:
            self._unread.append(string)
            if not self._told_of_writing:
                self._told_of_writing = True
                path = short_path(self._file.path)
                self._on_problem(
                    f"The history can't be kept in {path} ({error.strerror}); "
                    "it lasts until you leave."
                )

    def _read_all(self) -> _Read:
        """All that is in the file; runs in a thread."""
        nothing = Reading([], Position(0, 0, b""), 0, 0, True)
        if not self._size:
            return nothing, [], ""
        path = short_path(self._file.path)
        try:
            reading = self._file.read()
            size, damaged = reading.size, reading.damaged
            if len(reading.entries) > self._size * 5 // 4 or size > 2 * LARGEST:
                self._file.shorten(self._size)
                reading = self._file.read()
        except (FileNotFoundError, NotADirectoryError):
            return nothing, [], ""
        except OSError as error:
            words = f"The history in {path} can't be read ({error.strerror}); it starts empty."
            return nothing, [], words
        words = ""
        if size > 2 * LARGEST:
            words = (
                f"The history in {path} had {size // 2**20} MiB: "
                f"the last {LARGEST // 2**20} are kept."
            )
        elif damaged:
            places = "one place" if damaged == 1 else f"{damaged} places"
            words = f"The history in {path} is damaged in {places}; the rest is used."
        return reading, self._shown(reading), words

    def _shown(self, reading: Reading) -> list[str]:
        """The texts of the entries in scope, each where it is last."""
        every = self._scope == "all"
        project = self._present_project()
        texts = [
            entry.text
            for entry in reading.entries
            if every or entry.project is None or entry.project == project
        ]
        newest = list(dict.fromkeys(reversed(texts)))[: self._size]
        return newest[::-1]

    def _take_all(self, read: _Read) -> None:
        reading, shown, problem = read
        self._entries = dict.fromkeys(shown)
        self._unread = [entry for entry in self._unread if entry not in self._entries]
        for entry in self._unread:
            self._remember(entry)
        self._newest = None
        self._position = reading.position
        self._count = len(reading.entries)
        self._reading = None
        self.loaded = True
        if problem and not self._warned:
            self._warned = True
            self._on_problem(problem)

    def _remember(self, entry: str) -> None:
        self._entries.pop(entry, None)
        self._entries[entry] = None
        self._newest = None
        if len(self._entries) > (self._size or _MOST_IN_MEMORY):
            del self._entries[next(iter(self._entries))]

    def _present_project(self) -> str:
        if self._project is None:
            self._project = project_directory()
        return self._project
