"""What an upgraded connection is: its evaluation, what that prints and reads, what stops it."""

from __future__ import annotations

import contextlib
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from repl_connect.adapters.bootstrap.python.consoles import Console
from repl_connect.adapters.bootstrap.python.evaluation import (
    LAST_VALUE,
    Sources,
    describe,
    evaluate,
)
from repl_connect.adapters.bootstrap.python.frames import frame, whole
from repl_connect.adapters.bootstrap.python.streams import (
    input_stream,
    output_stream,
    set_streams,
    unset_streams,
)

__all__ = ["Connection"]

_PAUSE = 0.02  # seconds that output may wait for more
_CHUNK = 32 * 1024  # bytes of output in a frame
_PATIENCE = 1.0  # seconds until it is said that an interrupt does nothing yet
_ARRIVAL = 0.05  # seconds within which an exception raised in a thread reaches it


class Connection:
    """State of one client; several may be in one program, in a thread each."""

    def __init__(self, nonce: str, console: Console) -> None:
        self.nonce = nonce
        self.console = console
        self.busy = console.anywhere and console.read is not None
        self.sources = Sources()
        LAST_VALUE.begin()
        self.thread = threading.get_ident()
        self.lock = threading.Lock()
        self.number = ""
        self.stop = ""
        self.withdrawn = ""
        self.pending = False
        """Whether an interrupt waits until code of ours has ended."""
        self.inside = True
        """Whether its thread runs code of ours, where an interrupt has to wait."""
        self.border = threading.Lock()
        """Held to cross from one to the other, and to interrupt: both know where the thread is."""
        self.raised = False
        """Whether an interrupt was raised in the thread, and may not have reached it yet."""
        self.reading = False
        self.answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.bell = threading.Event()
        """Rung when output waits, and while something is evaluated, which may print."""
        self.active = threading.Event()
        """Set while evaluations come, for who looks after long ones."""
        self.held: list[tuple[str, bytes]] = []
        self.held_bytes = 0
        self.over = False
        self.timer: threading.Timer | None = None
        self.open_streams()

    def open_streams(self) -> None:
        """The standard streams of evaluations."""
        self.streams = [
            input_stream(self.read_input),
            # What is gathered is looked for in time, if there is a thread that does.
            output_stream(lambda data: self.put("out", data), by_line=not self.busy),
            output_stream(self.put_error, by_line=True),
        ]

    # Out.

    def tell(self, **fields: object) -> None:
        """Send a frame, behind the output before it."""
        with self.lock:
            self.send_output()
            self.write(fields)

    def write(self, fields: Mapping[str, object]) -> None:
        """Send one frame; with the lock held. Of a client that is gone, reading tells."""
        with contextlib.suppress(OSError, ValueError):
            self.console.write(frame(self.nonce, fields))

    def put(self, stream: str, data: bytes) -> None:
        """Output of the evaluation, which is sent when there is enough or after a moment."""
        mine = threading.get_ident() == self.thread and not self.inside
        if mine:
            self.enter()
        with self.lock:
            self.held.append((stream, data))
            self.held_bytes += len(data)
            if self.held_bytes > _CHUNK or not self.busy:
                self.send_output()
            elif not self.bell.is_set():
                self.bell.set()
        if mine:
            self.leave()

    def put_error(self, data: bytes) -> None:
        """The same for standard error, behind what was printed before it."""
        with contextlib.suppress(ValueError):  # it has been closed
            self.streams[1].flush()
        self.put("err", data)

    def send_output(self) -> None:
        """Frames of the output that waits; with the lock held."""
        held, self.held, self.held_bytes = self.held, [], 0
        start = 0
        for end in range(1, len(held) + 1):
            if end == len(held) or held[end][0] != held[start][0]:
                text = b"".join([data for _, data in held[start:end]]).decode("utf-8", "replace")
                self.write({"id": self.number, held[start][0]: text})
                start = end

    def flush(self) -> None:
        """What has been printed goes out, whole lines or not."""
        for stream in self.streams[1:]:
            if stream.closed:
                self.open_streams()
                break
            stream.flush()

    def send_later(self) -> None:
        """In a thread: send the output that has waited long enough."""
        while not self.over:
            self.bell.wait()
            time.sleep(_PAUSE)
            if not self.number:
                self.bell.clear()
            with contextlib.suppress(ValueError):  # it has been closed
                self.streams[1].flush()
            with self.lock:
                self.send_output()

    # Between our code and theirs. Only the thread that evaluates moves there.

    def enter(self) -> None:
        """From their code into ours, where interrupts wait and streams are the program's."""
        try:
            self.arrive()
        except BaseException:
            with self.border:
                self.inside = self.pending = False
            raise
        unset_streams(self.thread)

    def leave(self) -> None:
        """Back into their code; raises the interrupt that has come meanwhile."""
        set_streams(self.thread, self.streams)
        with self.border:
            self.inside = False
            pending, self.pending = self.pending, False
        if pending:
            raise KeyboardInterrupt

    def arrive(self) -> None:
        """Be in our code; an interrupt that is on its way is raised here, and none after."""
        with self.border:
            self.inside = True
        deadline = time.monotonic() + _ARRIVAL
        while self.raised and time.monotonic() < deadline:
            time.sleep(0)
        self.raised = False

    def settle(self) -> None:
        """The same, for good: what is raised is dropped."""
        while True:
            try:
                self.arrive()
            except KeyboardInterrupt:
                continue
            return

    # In.

    def read_input(self) -> bytes:
        """More standard input for the evaluation, from the client."""
        if not self.busy:
            return b""
        self.enter()
        self.flush()
        with self.border:
            self.reading = waits = not self.pending
        answer = None
        if waits:
            self.tell(kind="need-input", id=self.number)
            answer = self.answers.get()
            with self.border:
                interrupted, self.reading = not self.reading, False
            while interrupted and answer is not None:  # its `None` is on the way
                answer = self.answers.get()
        self.leave()
        return answer or b""

    def interrupt(self, number: str) -> None:
        """Stop an evaluation, or do not begin it."""
        with self.border:
            if number != self.number:
                self.withdrawn = number
                return
            self.stop = number
            if self.inside:
                self.pending = True
                if self.reading:
                    self.reading = False
                    self.answers.put(None)
                return
            self.raised = True
            _raise_in(self.thread)
        self.timer = threading.Timer(_PATIENCE, self.tell_of_waiting, [number])
        self.timer.daemon = True
        self.timer.start()

    def tell_of_waiting(self, number: str) -> None:
        """Say why an interrupted evaluation goes on, if it does."""
        if self.number == number and not self.over:
            text = "The interrupt takes effect when what runs now, outside of Python, returns.\n"
            self.tell(id=number, err=text)

    # Evaluating.

    def namespace(self, name: str) -> dict[str, Any] | None:
        """The console's own for "" and its own name, a loaded module's; None if there is none."""
        if name in ("", self.own_name()):
            return self.console.namespace
        module = sys.modules.get(name)
        return None if module is None else vars(module)

    def own_name(self) -> str:
        """What the console's namespace is called."""
        return str(self.console.namespace.get("__name__", "__console__"))

    def evaluate(self, fields: list[str]) -> None:
        """Evaluate, and send what comes of it."""
        op, number, _, ns, code, file, line, column, quota = (*fields, *[""] * 9)[:9]
        namespace = self.namespace(ns)
        if namespace is None:
            self.tell(kind="no-namespace", id=number, ns=ns)
            return
        shown = ns or self.own_name()
        most = int(quota) if quota else None
        last: dict[str, object] = {}
        name = file or self.sources.name()

        def show(value: Any, *, final: bool) -> None:
            if value is None:
                return
            text = whole(repr(value))
            LAST_VALUE.remember(value)
            fields = {"value": text}
            if most is not None and len(text) > most:
                fields = {"value": text[:most], "cut": "1"}
            if final:  # it goes with the end
                last.update(fields)
                return
            self.enter()
            self.flush()
            self.tell(kind="value", id=number, ns=shown, **fields)
            self.leave()

        error = None
        with self.border:
            self.number = number
            if self.withdrawn == number:
                self.stop, self.pending = number, True
        if not self.active.is_set():
            self.active.set()
        if not self.bell.is_set():
            self.bell.set()
        try:
            try:
                if op == "load-path":
                    with open(file, encoding="utf-8") as opened:
                        code = opened.read()
                self.sources.keep(name, code, int(line or 1))
                self.leave()
                evaluate(
                    code,
                    namespace,
                    show,
                    file=name,
                    line=max(1, int(line or 1)),
                    column=int(column or 1),
                    flags=self.console.flags,
                    only_last=op != "eval",
                )
            finally:
                self.arrive()
        except BaseException as caught:
            error = caught
        self.settle()
        unset_streams(self.thread)
        status = []
        if error is not None and self.stop == number and isinstance(error, KeyboardInterrupt):
            status, error = ["interrupted"], None
        self.flush()
        if error is not None:
            self.tell(kind="error", id=number, **describe(error, f"<{__name__}>"))
        self.tell(kind="done", id=number, ns=shown, status=status, **last)
        with self.border:
            self.number = self.stop = ""
            self.pending = False
        if self.timer is not None:
            self.timer.cancel()
        error = None  # its traceback has this frame

    def forget(self) -> None:
        """The client has left: nothing of it stays."""
        self.sources.forget()
        # They know this: its socket would stay open until garbage is collected.
        self.streams, self.timer = [], None
        LAST_VALUE.end()


def _raise_in(thread: int) -> None:
    """Raise `KeyboardInterrupt` in a thread; in the main one that ends what it waits for, too."""
    main = threading.main_thread().ident == thread
    if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.pthread_kill(thread, signal.SIGINT)
        return
    import ctypes

    kind = ctypes.py_object(KeyboardInterrupt)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
