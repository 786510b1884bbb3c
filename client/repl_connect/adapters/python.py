"""An nREPL server for a Python console on a socket: `code.InteractiveConsole` and kin, `python -i`.

The upgrade is one line. What it brings (`bootstrap/python`) looks for the console that evaluates
that line and takes its loop over: a thread of its own reads requests through the console's
`raw_input`, the console's thread evaluates, and when the client leaves the console goes on as it
was. A console that can't be read so gets each request as a line of its own, and its prompts are
taken out of the output; then nothing can be asked for or stopped during an evaluation.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Collection
from functools import cache
from typing import Final

from repl_connect.adapters.frames import request_bytes
from repl_connect.adapters.upgraded import UpgradedAdapter, bootstrap_source, bootstrap_version
from repl_server.dispatch.dispatcher import Session

__all__ = ["PythonAdapter"]

_PARTS: Final = (
    "frames",
    "streams",
    "evaluation",
    "knowledge",
    "consoles",
    "connection",
    "requests",
)
_LINE: Final = 32_000  # characters in a line: asyncio's readers take no more than 65,536
_PROMPT: Final = b">>> "


class PythonAdapter(UpgradedAdapter):
    """A Python console, of Python 3.8 or later."""

    language = "python"
    title = "Python"
    missing_namespace = "There is no module {ns} in the program: import it first.\n"
    greeting = re.compile(rb">>> \Z")
    prompt = re.compile(rb">>> \Z")

    _prompts = 1
    _half = b""

    def _launch(self) -> bytes:
        source, version = _bundle()
        program = f"{source}launch({self.nonce!r}, '_repl_connect_{version}', {_rest()!r})\n"
        packed = base64.b64encode(zlib.compress(program.encode(), 9)).decode()
        return (
            'exec(__import__("zlib").decompress(__import__("base64")'
            f'.b64decode("{packed}")).decode(),{{}})\n'
        ).encode()

    @property
    def _token(self) -> str:
        """With which each line of a console is sent that can't be taken over; else nothing."""
        return str(self._about.get("token", ""))

    def _able(self) -> Collection[str]:
        told = self._about.get("ops")
        if isinstance(told, list):
            return frozenset(self.ops).intersection(map(str, told))
        return self.ops

    def _greeting(self, version: str) -> str:
        mode = " line by line" if self._token else ""
        limits = "" if "interrupt" in self.ops else ", no interrupt"
        return f"Python {version} console, upgraded{mode}{limits}"

    def _failure(self) -> str:
        """The last line of a traceback tells more than its first."""
        said = self._junk.decode("utf-8", "replace").rstrip(" >.\r\n").splitlines()
        if any(line.startswith("Traceback (") for line in said):
            self._junk = said[-1].encode()
        return super()._failure()

    def open_session(self, session: Session, parent: Session | None) -> None:  # noqa: D102
        pass  # all sessions have the console's namespace

    def close_session(self, session: Session) -> None:  # noqa: D102
        if session.running is not None and "interrupt" in self.ops:
            self.interrupt(session.running)

    def _request(self, *fields: object) -> None:
        text = base64.b64encode(request_bytes(*fields)).decode()
        for start in range(0, len(text), _LINE):
            more = "-" if start + _LINE < len(text) else ""
            line = text[start : start + _LINE] + more
            if self._token:
                module = f"_repl_connect_{_bundle()[1]}"
                line = f'__import__("sys").modules["{module}"].take("{self._token}","{line}")'
                self._prompts += 1
            self._outgoing.append(f"{line}\n".encode())

    def _stray(self, data: bytes) -> None:
        if self._token:
            data = self._without_prompts(self._half + data)
        super()._stray(data)

    def _without_prompts(self, data: bytes) -> bytes:
        """Take away the prompts that lines of ours were answered with, at the start."""
        self._half = b""
        while self._prompts and data.startswith(_PROMPT):
            self._prompts -= 1
            data = data[len(_PROMPT) :]
        if self._prompts and _PROMPT.startswith(data):
            self._half, data = data, b""
        return data

    def quit(self) -> None:
        """Leave the console as it was found: what has to be said for that is in `data_to_send`."""
        if self.ready:
            self._request("quit")


@cache
def _rest() -> str:
    """The bootstrap as one module: its parts without what they import of each other."""
    parts = [re.sub(_IMPORT, "", bootstrap_source(f"python/{name}.py")) for name in _PARTS]
    return "from __future__ import annotations\n" + "\n".join(parts)


_IMPORT: Final = (
    r"(?m)^from (?:__future__ import annotations|repl_connect\.[\w.]+ import (?:\([^)]*\)|.*))\n"
)


@cache
def _bundle() -> tuple[str, str]:
    """The launcher's source, and the version of all."""
    launcher = bootstrap_source("python/launch.py")
    return launcher, bootstrap_version((launcher + _rest()).encode())
