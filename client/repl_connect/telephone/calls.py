"""What is said to telephone over HTTP, and what its answers mean.

    POST /tcmd  cmd=TEXT   a printed string: the id of the job that evaluates the text's first form
    GET  /tres?id=ID       a printed list: (STATUS VALUE), the symbols with or without a package

Both answers are url-encoded UTF-8. They are never given to a Lisp reader: what stands in them is
somebody else's, and is text here.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from repl_connect.address import HttpAddress

__all__ = ["PACKAGE", "Answer", "Telephone", "TelephoneError", "error_in", "error_words"]

PACKAGE: Final = "CL-USER"
"""The package that it reads in."""

_LARGEST: Final = 16 * 1024 * 1024  # bytes of an answer
_FIRST_PAUSE: Final = 0.1  # seconds: it begins one job in that time
_LONGEST_PAUSE: Final = 2.0
_ATTEMPTS: Final = 3  # to ask for a result, when there is no connection
_SHOWN: Final = 60
_STATES: Final = {
    "SYSTEM-DOWN": "queued",
    "RUNNING": "running",
    "FINISHED": "finished",
    "ID-NOT-FOUND": "unknown",
}
_RESULT: Final = re.compile(r"\s*\(\s*([^\s()\"]+)\s*(.*?)\s*\)\s*", re.DOTALL)
_STRING: Final = re.compile(r"\s*\"((?:[^\"\\]|\\.)*)\"\s*", re.DOTALL)
_ERROR: Final = re.compile(r"\((?:[^\s()\":]+::?)?ERROR\s+([^\s()\"]+)\)", re.IGNORECASE)


class TelephoneError(Exception):
    """It gave no usable answer; the text is a sentence that follows its address and a colon."""


class Answer(NamedTuple):
    """A job's state: `queued`, `running`, `finished` or `unknown`; when finished, its value."""

    state: str
    value: str = ""


class Telephone:
    """One telephone server; each call is a connection of its own. May be used from any thread.

    Calls raise `TelephoneError`, and `OSError` when there is no connection in `timeout` seconds.
    """

    def __init__(self, address: HttpAddress, timeout: float) -> None:
        self.address = address
        self._timeout = timeout

    def submit(self, code: str) -> str:
        """Have the first form of this evaluated; the job's id."""
        answer = self._call("POST", "/tcmd", f"cmd={_encoded(code)}")
        match = _STRING.fullmatch(answer)
        if match is None or not match[1]:
            raise TelephoneError(f"it took the code, and answered {_shown(answer)}, which is no id")
        return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL)

    def result(self, ident: str) -> Answer:
        """How far a job is."""
        answer = self._call("GET", f"/tres?id={_encoded(ident)}")
        match = _RESULT.fullmatch(answer)
        state = _STATES.get(match[1].rpartition(":")[2].upper()) if match is not None else None
        if match is None or state is None:
            raise TelephoneError(f"it answered {_shown(answer)}: is this telephone?")
        return Answer(state, match[2] if state == "finished" else "")

    def answers(self, ident: str, stop: threading.Event) -> Iterator[Answer]:
        """How far a job is, again and again, less and less often, until `stop`."""
        pause, failures = _FIRST_PAUSE, 0
        while not stop.wait(pause):
            try:
                answer = self.result(ident)
            except OSError:
                failures += 1
                if failures == _ATTEMPTS:
                    raise
            else:
                failures = 0
                yield answer
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def problem(self, error: Exception) -> str:
        """What went wrong with a call, in a sentence."""
        text = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return f"{self.address}: {text}."

    def _call(self, method: str, path: str, body: str | None = None) -> str:
        """The text of an answer."""
        address = self.address
        connection = http.client.HTTPConnection(address.host, address.port, timeout=self._timeout)
        headers = {"Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, address.path + path, body, headers)
            response = connection.getresponse()
            data = response.read(_LARGEST + 1)
        except http.client.HTTPException as error:
            raise TelephoneError(f"it speaks no HTTP ({error!r:.100})") from None
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise TelephoneError(
                f"it answered {response.status} {response.reason} to {path.partition('?')[0]}"
            )
        if len(data) > _LARGEST:
            raise TelephoneError(f"its answer is larger than {_LARGEST >> 20} MiB")
        return unquote_plus(data.decode("utf-8", "surrogateescape"), errors="surrogateescape")


def error_in(value: str) -> str | None:
    """The type of the error that a value stands for, if it looks like one."""
    match = _ERROR.fullmatch(value)
    return match[1] if match is not None else None


def error_words(value: str, error: str) -> str:
    """What is to be said of a value that looks like an error of this type."""
    return (
        f"{value} is what telephone makes of an error of the type {error}. "
        "(A form whose value is this list looks the same.)\n"
    )


def _encoded(text: str) -> str:
    try:
        return quote(text, safe="", errors="surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        return quote(text, safe="", errors="replace")


def _shown(text: str) -> str:
    """The beginning of an answer, fit to be shown."""
    return ascii(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
