"""A real Neovim that a test drives: keys go through its mappings, and it is asked what it shows.

Nothing here sleeps for an effect: `until` asks until a condition holds. pynvim's calls have no
time limit, so a watchdog kills a Neovim that a test does not get on with, and the call fails.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import pynvim
from editors.isolated import zombies_of
from nvim.isolated import Isolated
from nvim.questions import CHUNKS, FLOATS, LINES, STATE

__all__ = ["Editor"]

T = TypeVar("T")

_LIMIT: Final = 20.0
_TO_QUIT: Final = 8.0
_PENDING: Final = 3.0  # longer than 'timeoutlen', after which keys of a mapping are taken
_TROUBLE: Final = ("stack traceback:", "Error executing", "Error detected while processing")


class Editor:
    """A Neovim with a screen of `columns` by `rows`, in a home of its own (`Isolated`'s `options`).

    It is killed `watchdog` seconds after its start. At the end, in `close`, it has to quit when
    told to, to leave no process behind, and to have shown no traceback.
    """

    def __init__(
        self,
        program: Path,
        *,
        arguments: Sequence[str] = (),
        columns: int = 100,
        rows: int = 30,
        watchdog: float = 60.0,
        **options: Any,
    ) -> None:
        # A Unix socket's path is short.
        self._directory = Path(tempfile.mkdtemp(prefix="rc-nvim-"))
        self.isolated = Isolated(self._directory, **options)
        self.project = self.isolated.project
        self._closed = False
        self._watchdog_bit = False
        socket = self._directory / "rpc"
        with (self._directory / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                # Its standard input is a channel too: it ends when this process does.
                [program, "--embed", "--headless", "--listen", socket, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=self.project,
                env=self.isolated.environment,
            )
        self._watchdog = threading.Timer(watchdog, self._bite)
        self._watchdog.daemon = True
        self._watchdog.start()
        try:
            self._nvim = self._attach(str(socket))
        except BaseException:
            self._end_process()
            raise
        self._nvim.ui_attach(columns, rows, rgb=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, name: str | Path, text: str | None = None, filetype: str | None = None) -> Path:
        """Edit a file of the project, which has this text if any is given; its path."""
        path = self.project / name
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.lua("vim.cmd('edit ' .. vim.fn.fnameescape(...))", str(path))
        if filetype is not None:
            self.lua("vim.bo.filetype = ...", filetype)
        return path

    def type(self, keys: str) -> None:
        """Type keys, by their names in mappings: `<CR>`, `<Esc>`, `<lt>`."""
        data = keys.encode()
        while data:  # only so much fits in its buffer
            data = data[self._request(self._nvim.input, data) :]

    def command(self, text: str) -> None:
        """Run an Ex command. One that asks the user something has to be typed instead."""
        self._unblocked(self._nvim.command, text)

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua that finds the arguments in `...`; what it returns."""
        return self._unblocked(self._nvim.exec_lua, code, *arguments)

    def eval(self, expression: str) -> Any:
        """The value of a Vim expression."""
        return self._unblocked(self._nvim.eval, expression)

    def lines(self, buffer: int | str = 0) -> list[str]:
        """The lines of a buffer: the current one, or that of a number or a name; [] without it."""
        lines: list[str] = self.lua(LINES, buffer)
        return lines

    def chunks(self, row: int, buffer: int = 0) -> list[tuple[str, str]]:
        """The virtual text and its highlight groups at a row, from 0, of all namespaces.

        Virtual lines below it come too; each begins with a newline.
        """
        return [(text, str(group)) for text, group in self.lua(CHUNKS, row, buffer)]

    def virtual_text(self, row: int, buffer: int = 0) -> str:
        """The virtual text at a row, from 0."""
        return "".join(text for text, _ in self.chunks(row, buffer)).strip()

    def messages(self) -> str:
        """What `:messages` shows. A line that goes on in an indented one is one line here."""
        said: str = self.lua("return vim.fn.execute('messages')")
        return said.strip().replace("\n  ", " ")

    def floats(self) -> list[list[str]]:
        """The lines of each floating window."""
        floats: list[list[str]] = self.lua(FLOATS)
        return floats

    @property
    def mode(self) -> str:
        """The mode, as `mode(1)` says it: `n`, `v`, `V`, `i`, `no`, `c`, `r` at Press ENTER."""
        return str(self._request(self._nvim.api.get_mode)["mode"])

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's row and its column in bytes, both from 0."""
        row, column = self.lua("return vim.api.nvim_win_get_cursor(0)")
        return row - 1, column

    @cursor.setter
    def cursor(self, place: tuple[int, int]) -> None:
        self.lua("vim.api.nvim_win_set_cursor(0, ...)", [place[0] + 1, place[1]])

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def hosts(self) -> list[int]:
        """The ids of the processes that it has started and that run."""
        return sorted(self.isolated.processes())

    def until(self, condition: Callable[[], T], what: str, limit: float = _LIMIT) -> T:
        """Ask until the condition holds; its value then. Fails with all that is shown."""
        deadline = time.monotonic() + limit
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"after {limit} s, not so: {what}\n{self.state()}")
            time.sleep(0.01)
        return value

    def until_shown(self, row: int, text: str) -> None:
        """Wait until the virtual text at a row, from 0, has this text in it."""
        self.until(lambda: text in self.virtual_text(row), f"{text!r} beside row {row}")

    def until_said(self, text: str) -> None:
        """Wait until `:messages` has this text in it."""
        self.until(lambda: text in self.messages(), f"the message {text!r}")

    def state(self) -> str:
        """All that is shown, for who reads of a test that failed."""
        try:
            mode = self._request(self._nvim.api.get_mode)
            asked = f"It waited for a key, in mode {mode['mode']!r}." if mode["blocking"] else ""
            if asked:
                self._leave_question()
            said = [asked, *self._request(self._nvim.exec_lua, STATE)]
            for row, line in enumerate(self.lines()[:200]):
                if text := self.virtual_text(row):
                    said.append(f"Beside row {row} ({line}): {text}")
        except AssertionError as ended:
            return str(ended)
        return "\n".join([*said, f"Processes: {self.isolated.processes()}", self._stderr()])

    def kill(self, limit: float = _TO_QUIT) -> None:
        """End it as `kill -9` does; fail if what it has started does not end within `limit`."""
        self.process.kill()
        self.process.wait()
        self._end()
        self._fail_if(self._left_behind(limit))

    def close(self, limit: float = _TO_QUIT) -> None:
        """Quit; fail if it or a process it has started stays for so long, or showed a traceback."""
        if self._closed:
            return
        trouble = []
        try:
            if self.alive:
                if self._request(self._nvim.api.get_mode)["blocking"]:
                    self._leave_question()
                messages = self.messages()
                trouble += [messages for words in _TROUBLE if words in messages][:1]
                zombies = self._zombies()
                trouble += [f"Zombies: {zombies}"] if zombies else []
                self._nvim.command("qa!", async_=True)
                try:
                    self.process.wait(limit)
                except subprocess.TimeoutExpired:
                    left = self.isolated.processes()
                    trouble.append(f"Neovim does not quit. It runs {left}.\n{self._stderr()}")
            if self.process.poll() not in (0, None) or self._watchdog_bit:
                trouble.append(self._why_ended())
        finally:
            self._end()
        self._fail_if([*trouble, *self._left_behind(limit)])

    def _request(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except (OSError, EOFError) as error:
            raise AssertionError(self._why_ended()) from error

    def _unblocked(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """A request that is answered only while no key is waited for, as at Press ENTER."""
        self.until(
            lambda: not self._request(self._nvim.api.get_mode)["blocking"],
            "Neovim waits for no key",
            _PENDING,
        )
        return self._request(call, *arguments)

    def _leave_question(self) -> None:
        """Get out of a prompt, by what gets out of any."""
        for _ in range(20):
            self._request(self._nvim.input, "<C-c>")
            if not self._request(self._nvim.api.get_mode)["blocking"]:
                return

    def _attach(self, socket: str) -> pynvim.Nvim:
        deadline = time.monotonic() + _LIMIT
        while True:
            try:
                return pynvim.attach("socket", path=socket)
            except OSError as error:
                if not self.alive or time.monotonic() > deadline:
                    raise AssertionError(self._why_ended()) from error
            time.sleep(0.002)

    def _bite(self) -> None:
        self._watchdog_bit = True
        self.process.kill()

    def _why_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        if self._watchdog_bit:
            return f"Neovim was killed: the test took too long.\n{self._stderr()}"
        return f"Neovim ended: {self.process.returncode}.\n{self._stderr()}"

    def _stderr(self) -> str:
        said = (self._directory / "stderr").read_text(errors="replace") if not self._closed else ""
        return f"Neovim's standard error:\n{said[-3000:]}"

    def _zombies(self) -> list[int]:
        """Children that have ended and that it does not wait for; it has some time to do so."""
        deadline = time.monotonic() + 2
        while (zombies := zombies_of(self.process.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return zombies

    def _left_behind(self, limit: float) -> list[str]:
        """The processes that do not end with it, which are killed."""
        left = self.isolated.left_behind(limit)
        return [f"Left behind: {left}"] if left else []

    def _fail_if(self, trouble: list[str]) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        if trouble:
            raise AssertionError("\n".join(trouble))

    def _end(self) -> None:
        """Kill it if it still runs, and give back what is held for it."""
        if not self._closed:
            self._end_process()
            for _ in range(3):  # it sees the socket's end, and closes its own
                self._nvim.loop.call_soon(self._nvim.loop.stop)
                self._nvim.loop.run_forever()
            self._nvim.close()
            self._closed = True

    def _end_process(self) -> None:
        self._watchdog.cancel()
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
