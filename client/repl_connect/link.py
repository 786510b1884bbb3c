"""A connected stream with its channel and its session: the I/O under every front end.

The socket never blocks. A front end with a loop of its own (the prompt) watches `fileno()`, calls
`read_ready` when it can be read and `write_ready` while `wants_write`; one without (the one-shot
client) calls `run_until`.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from repl_connect.channel import Channel
from repl_connect.errors import ConnectionLost
from repl_connect.session import Output, Session
from repl_server.wire import NEED_DATA, Idle, Message, ProtocolError, RemoteProtocolError

__all__ = ["Link", "unreadable"]

_CHUNK: Final = 64 * 1024  # larger buffers made each small read slower, by malloc's mmap threshold
_AT_ONCE: Final = 1024 * 1024
_OUTGOING: Final = 64 * 1024 * 1024  # bytes waiting to be written, beyond which we give up
_EARLY: Final = 1024 * 1024  # characters of output that are kept until somebody wants them
_TCP_QUICKACK: Final = getattr(socket, "TCP_QUICKACK", None)


class Link:
    """One connection. `name` is the address as the user knows it; `greeting` says who is there."""

    def __init__(
        self, stream: socket.socket, channel: Channel, *, name: str, greeting: str | None = None
    ) -> None:
        self.name = name
        self.greeting = greeting
        self.dialect = "nrepl"
        """What the other side speaks: a key of `dialects.DIALECTS`."""
        self.evidence: tuple[str, ...] = ()
        """What shows that, in the order in which it was found out: sentences, no full stops."""
        self.advice = ""
        """A sentence for the user, where they may know better; mostly empty."""
        self._on_output: Callable[[Output], None] = self._keep_output
        self._early: list[Output] = []
        self._early_size = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called when `wants_write` may have become true outside of `read_ready`."""
        self.trace: Callable[[bool, Message], None] | None = None
        """Gets each message as it goes (True) or comes (False), for who wants to look at them."""
        self._undelivered = False
        self.session = Session(self._send, lambda output: self._on_output(output))
        self.lost: ConnectionLost | None = None
        self._stream = stream
        self._channel = channel
        self._outgoing: deque[bytes] = deque()
        self._outgoing_bytes = 0
        self._shut = False
        self.at_once = _AT_ONCE
        """Bytes that `read_ready` takes before others get their turn."""
        self._quickack = _TCP_QUICKACK if stream.family != socket.AF_UNIX else None
        stream.setblocking(False)

    def fileno(self) -> int:
        """The socket's descriptor, to watch."""
        return self._stream.fileno()

    @property
    def on_output(self) -> Callable[[Output], None]:
        """Gets output that belongs to no evaluation: first what came before this was set."""
        return self._on_output

    @on_output.setter
    def on_output(self, on_output: Callable[[Output], None]) -> None:
        self._on_output = on_output
        early, self._early = self._early, []
        for output in early:
            on_output(output)

    @property
    def wants_write(self) -> bool:
        """Whether `write_ready` has something to do: bytes to write, or replies to hand on."""
        return bool(self._outgoing) or self._undelivered

    def read_ready(self) -> None:
        """Take what has come and hand it on; the session's callbacks run from here.

        Raises `ConnectionLost` when the stream has ended or can't be read on; the session's
        evaluations have then ended as lost.
        """
        if self.lost is not None:
            raise self.lost
        size = min(_CHUNK, self.at_once)
        for _ in range(self.at_once // size):
            try:
                data = self._stream.recv(size)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self._fail(f"{self.name}: the connection was lost ({error.strerror}).")
            if self._quickack is not None:  # the kernel takes it back after each use (tcp(7))
                self._stream.setsockopt(socket.IPPROTO_TCP, self._quickack, 1)
            self._hand_on(data)
            if not data:
                self._fail(f"{self.name}: the other side closed the connection.")
            if len(data) < size:
                break
        self._flush()

    def write_ready(self) -> None:
        """Write what can be written, and hand on replies that needed no answer from the peer.

        A dead connection shows itself on the next read. Raises `ConnectionLost` as that does.
        """
        self._write()
        if self._undelivered:
            self._hand_on()
            self._flush()

    def _write(self) -> None:
        while self._outgoing:
            data = self._outgoing[0]
            try:
                sent = self._stream.send(data)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._outgoing.clear()
                self._outgoing_bytes = 0
                return
            self._outgoing_bytes -= sent
            if sent == len(data):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = data[sent:]
        if self._channel.half_closed and not self._shut:
            self._shut = True
            try:
                self._stream.shutdown(socket.SHUT_WR)
            except OSError:  # it is lost, as the next read tells
                return

    def run_until(self, ended: Callable[[], bool], timeout: float | None = None) -> bool:
        """Read and write, blocking, until `ended()`; False when `timeout` seconds went by first.

        Raises `ConnectionLost`, unless it had ended before that.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        poller, watched = select.poll(), 0
        while not ended():
            if self.lost is not None:
                raise self.lost
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            wanted = select.POLLIN | (select.POLLOUT if self.wants_write else 0)
            if wanted != watched:
                poller.register(self._stream, wanted)
                watched = wanted
            for _, event in poller.poll(None if left is None else left * 1000 + 1):
                if event & select.POLLOUT:
                    self.write_ready()
                    if event & ~select.POLLOUT and ended():
                        break  # what is to be read may be the end, which is somebody else's then
                if event & ~select.POLLOUT:
                    self.read_ready()
        return True

    def close(self) -> None:
        """Say goodbye and close. Calling it again does nothing."""
        if self.lost is None:
            try:
                self.session.close()
                self._channel.quit()
                self._flush()
            except ConnectionLost:  # which is what was wanted
                return
            self.session.lost("The connection was closed here.")
            self.lost = ConnectionLost(f"{self.name}: the connection was closed here.")
        self._stream.close()

    def _send(self, message: Message) -> None:
        if self.trace is not None:
            self.trace(True, message)
        self._channel.send(message)
        self._flush()
        self._undelivered = self._channel.answers_itself
        if self.wants_write:
            self.on_change()

    def _flush(self) -> None:
        data = self._channel.data_to_send()
        if data:
            self._outgoing.append(data)
            self._outgoing_bytes += len(data)
            if self._outgoing_bytes > _OUTGOING:
                self._fail(f"{self.name}: the other side does not read; gave up on it.")
        if data or self._channel.half_closed:
            self._write()

    def _keep_output(self, output: Output) -> None:
        if self._early_size < _EARLY:
            self._early_size += len(output.text)
            self._early.append(output)

    def _hand_on(self, data: bytes | None = None) -> None:
        """Hand on what there is, when the channel has taken bytes that came."""
        self._undelivered = False
        try:
            if data is not None:
                self._channel.receive_data(data)
            while not isinstance(event := self._channel.next_event(), Idle):
                if self.trace is not None:
                    self.trace(False, event)
                self.session.receive(event)
        except (ProtocolError, MemoryError) as error:
            self._fail(unreadable(self.name, error))
        if event is not NEED_DATA:
            self._fail(f"{self.name}: the other side closed the connection.")

    def _fail(self, text: str) -> None:
        """End as lost, and raise."""
        self.lost = ConnectionLost(text)
        self._stream.close()
        self.session.lost(text)
        raise self.lost


def unreadable(name: str, error: ProtocolError | MemoryError) -> str:
    """Why what the other side sent, `name`'s, can't be read on: a sentence."""
    if isinstance(error, MemoryError):
        return f"{name}: the other side sent more at once than there is memory for."
    cut = isinstance(error, RemoteProtocolError) and error.reason == "truncated"
    return f"{name}: {'' if cut else 'the other side sent what is no answer: '}{error}."
