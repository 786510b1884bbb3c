"""What an adapter costs: a round trip and output through it, against the plain REPL itself.

Each side has a program of its own, since one that is upgraded is not the same as before.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from adapters.subject import Subject
from adapters.subjects import SUBJECTS
from bench.processes import LONG, pinned_to
from bench.rows import Row, Skipped, times

from repl_connect.channel import Channel
from repl_connect.dialects import DIALECTS
from repl_server.wire import Idle, Message

__all__ = ["Adapted", "adapted", "adapted_output", "adapted_repl"]

_LINE: Final = 80
_FAST_ENOUGH: Final = 20.0  # MB/s


class _Plain(NamedTuple):
    """How the plain REPL of a subject is asked, and what its answer ends with.

    `lines` prints so many lines of 80 bytes, in the language; `limit` is that of the round trip.
    """

    subject: str
    mark: bytes
    code: str
    lines: str
    limit: float | None = None
    first: bytes = b""
    encode: Callable[[str], bytes] = lambda code: code.encode() + b"\n"


def _swank_request(code: str) -> bytes:
    quoted = code.replace("\\", "\\\\").replace('"', '\\"')
    return _packet(
        f'(:emacs-rex (swank-repl:listener-eval "{quoted}") "COMMON-LISP-USER" :repl-thread 1)'
    )


def _packet(form: str) -> bytes:
    data = form.encode()
    return b"%06x%b" % (len(data), data)


_SWANK_FIRST: Final = _packet(
    '(:emacs-rex (swank:swank-require \'(:swank-repl)) "COMMON-LISP-USER" t 1)'
) + _packet(
    '(:emacs-rex (swank-repl:create-repl nil :coding-system "utf-8-unix") "COMMON-LISP-USER" t 1)'
)
_LISP_LINES: Final = (
    "(let ((s (make-string 79 :initial-element #\\x))) (dotimes (i {}) (write-line s)))"
)
_PLAIN: Final = (
    _Plain(
        "Guile, threaded",
        b"> ",
        "(+ 1 1)",
        "(let ((s (make-string 79 #\\x))) (do ((i 0 (1+ i))) ((= i {})) (display s) (newline)))",
        limit=2.0,
        first=b",option interp #t\n",
    ),
    _Plain(
        "Clojure, socket REPL",
        b"=> ",
        "(+ 1 1)",
        '(let [s (apply str (repeat 79 "x"))] (dotimes [_ {}] (println s)))',
        limit=1.5,
    ),
    _Plain(
        "Common Lisp, Swank",
        b"(:return ",
        "(+ 1 1)",
        _LISP_LINES,
        limit=1.5,
        first=_SWANK_FIRST,
        encode=_swank_request,
    ),
    _Plain("SBCL, a process each", b"* ", "(+ 1 1)", _LISP_LINES),
    _Plain(
        "Racket",
        b"> ",
        "(+ 1 1)",
        "(let ([s (make-string 79 #\\x)]) (for ([i {}]) (displayln s)))",
    ),
    _Plain("Node", b"> ", "1 + 1", 'for (let i = 0; i < {}; i++) console.log("x".repeat(79))'),
    _Plain(
        "Python, InteractiveConsole",
        b">>> ",
        "1 + 1",
        'exec("for _ in range({}): print(\\"x\\" * 79)")',
    ),
)


def _received(stream: socket.socket) -> bytes:
    """What has come, acknowledged at once: some send an answer in two parts."""
    data = stream.recv(65536)
    if stream.family != socket.AF_UNIX:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return data


class _Asked:
    """A plain REPL: bytes to it, and what it says up to the mark."""

    def __init__(self, plain: _Plain, stream: socket.socket) -> None:
        self._plain = plain
        self._stream = stream
        if not plain.first.startswith(b"0"):  # it greets
            self._until_mark()
        for request in _requests(plain.first):
            stream.sendall(request)
            self._until_mark()

    def ask(self, code: str) -> int:
        """Send it; how many bytes came back."""
        self._stream.sendall(self._plain.encode(code))
        return self._until_mark()

    def _until_mark(self) -> int:
        mark, data, count = self._plain.mark, b"", 0
        inside = mark.startswith(b"(")
        while not (mark in data if inside else data.endswith(mark)):
            got = _received(self._stream)
            assert got, data
            count += len(got)
            if b"(:ping " in got:
                self._stream.sendall(_pong(got))
            data = data[-64:] + got
        return count


def _requests(first: bytes) -> list[bytes]:
    if not first.startswith(b"0"):
        return [first] if first else []
    size = 6 + int(first[:6], 16)
    return [first[:size], first[size:]]


def _pong(data: bytes) -> bytes:
    words = data.split(b"(:ping ", 1)[1].split(b")", 1)[0].decode()
    return _packet(f"(:emacs-pong {words})")


class Adapted:
    """The same through its adapter, over one blocking socket, with no loop around it."""

    def __init__(self, address: str, channel: Channel, stream: socket.socket) -> None:
        self.address = address
        self._channel = channel
        self._stream = stream
        session = self.exchange({"op": "clone", "id": "0"})["new-session"]
        self._message: Message = {"op": "eval", "id": "1", "session": session}
        self.printed = 0

    def ask(self, code: str) -> int:
        """Evaluate it; how many bytes were printed."""
        self.printed = 0
        self.exchange({**self._message, "code": code})
        return self.printed

    def times(self, code: str, rounds: int) -> list[float]:
        """Seconds that it takes, each of so many times."""
        return _timed(partial(self.ask, code), rounds)

    def exchange(self, message: Message) -> Message:
        """An op to its `done`."""
        channel, stream = self._channel, self._stream
        channel.send(message)
        while True:
            while not isinstance(event := channel.next_event(), Idle):
                if "out" in event:
                    self.printed += len(event["out"])
                if "done" in event.get("status", ()):
                    return event
            data = channel.data_to_send()
            if data:
                stream.sendall(data)
            channel.receive_data(_received(stream))


@contextlib.contextmanager
def _both(plain: _Plain, directory: Path) -> Iterator[tuple[_Asked, Adapted]]:
    """The plain REPL and the adapted one, each of a program of its own."""
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(adapted_repl(plain.subject, directory / "own"))
        bare = stack.enter_context(_program(_subject(plain.subject), directory / "bare"))[1]
        stack.enter_context(pinned_to(0))
        yield _Asked(plain, bare), own


@contextlib.contextmanager
def adapted_repl(name: str, directory: Path) -> Iterator[Adapted]:
    """A program of the acceptance suite, by its name there, and its REPL adapted."""
    subject = _subject(name)
    with _program(subject, directory) as (address, stream):
        yield Adapted(address, DIALECTS[subject.dialect].channel(), stream)


def _subject(name: str) -> Subject:
    subject = next((each for each in SUBJECTS if each.name == name), None)
    if subject is None or subject.missing():
        raise Skipped(f"{name} is not installed")
    return subject


@contextlib.contextmanager
def _program(subject: Subject, directory: Path) -> Iterator[tuple[str, socket.socket]]:
    """Its address, and a connection to it."""
    directory.mkdir(parents=True)
    with pinned_to(1):
        program = subject.start(directory)
    try:
        host, _, port = program.address.rpartition(":")
        unix = "/" in program.address
        with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as stream:
            stream.settimeout(LONG)
            stream.connect(program.address if unix else (host, int(port)))
            if not unix:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield program.address, stream
    finally:
        program.stop()


def adapted(directory: Path, *, quick: bool) -> list[Row]:
    """An addition through each adapter, against the plain REPL."""
    rows = []
    for number, plain in enumerate(_PLAIN):
        mine: list[float] = []
        other: list[float] = []
        with _both(plain, directory / str(number)) as (bare, own):
            warm = time.monotonic() + 2.0  # what compiles while it runs has done so
            while time.monotonic() < warm:
                _timed(partial(own.ask, plain.code), 10)
                _timed(partial(bare.ask, plain.code), 10)
                time.sleep(0.02)
            for _ in range(5 if quick else 20):
                other += _timed(partial(bare.ask, plain.code), 100)
                mine += _timed(partial(own.ask, plain.code), 100)
        rows.append(times(f"{plain.subject}: 1+1", mine, other, "the plain REPL", plain.limit))
    return rows


def adapted_output(directory: Path, *, quick: bool) -> list[Row]:
    """Lines of 80 bytes through each adapter: at 20 MB/s, or as fast as the plain REPL."""
    rows = []
    lines = (5_000_000 if quick else 25_000_000) // _LINE
    for number, plain in enumerate(_PLAIN):
        code = plain.lines.format(lines)
        with _both(plain, directory / str(number)) as (bare, own):
            other = [_rate(bare.ask, code) for _ in range(3)]
            mine = [_rate(own.ask, code) for _ in range(3)]
            assert own.printed == lines * _LINE, plain.subject
        theirs, ours = statistics.median(other), statistics.median(mine)
        wanted = min(_FAST_ENOUGH, theirs)
        against = "20 MB/s" if wanted == _FAST_ENOUGH else "the plain REPL"
        rows.append(
            Row(f"{plain.subject}: output", ours, wanted, against, wanted / ours, 1.0, unit="MB/s")
        )
    return rows


def _rate(ask: Callable[[str], int], code: str) -> float:
    """MB/s of what comes back."""
    started = time.perf_counter()
    count = ask(code)
    return count / (time.perf_counter() - started) / 1e6


def _timed(ask: Callable[[], int], rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        samples.append(time.perf_counter() - started)
    return samples
