"""The server with threads: one that accepts, one a connection that reads, one a session that runs.

A session's thread also reads, as long as its evaluations are short (`session.Reading`).

    server = serve("./app.sock", namespace=globals())

Nothing here runs in the program's own threads. What a session evaluates runs beside them, with
their globals; locks are the program's business.
"""

from __future__ import annotations

import atexit
import binascii
import contextlib
import os
import socket
import sys
import threading
import time
from typing import Any

from repl_server import routing
from repl_server.dispatcher import Client, Dispatcher
from repl_server.evaluator import PythonEvaluator
from repl_server.listen import Listener, listen, may_connect
from repl_server.outbox import Guard, Outbox
from repl_server.output import Room
from repl_server.session import Reading
from repl_server.wire import Connection, Idle, RemoteProtocolError

__all__ = ["Server", "serve"]

_ROOM = 1_048_576
_ROOM_FOR_ANSWERS = 16 * _ROOM
_RECEIVE = 65_536


def serve(
    address: str | os.PathLike[str] | int | None = None,
    *,
    namespace: dict[str, Any] | None = None,
) -> Server:
    """Let clients evaluate code in this program, from now on, in threads of their own.

    - `address`: a path (with a slash) for a Unix socket, `"host:port"` or a port on this machine;
      if absent, a socket in the user's runtime directory. See `Server.address`.
    - `namespace`: the globals that code is evaluated in, `globals()` as often as not; if absent,
      those of the module `__main__`.

    Raises `AddressError` for what is no address, `AddressInUseError` for a live server's.
    """
    if namespace is None:
        namespace = sys.modules["__main__"].__dict__
    return Server(listen(address), namespace)


class Server:
    """A server that runs. `close` ends it; as a context manager it does so itself."""

    def __init__(self, listener: Listener, namespace: dict[str, Any]) -> None:
        self.address = listener.address
        """What a client is to be given: an absolute path, or `host:port`."""
        self.banner = listener.banner
        """The line that tools look for to learn the address."""
        self._listener = listener
        self._guard = Guard()
        self._peers: dict[Client, _Peer] = {}
        self._evaluator = PythonEvaluator(namespace, guard=self._guard, room=_Room(self._peers))
        self._dispatcher = Dispatcher(self._evaluator, session_ids=_session_id, guard=self._guard)
        self._closed = False
        self._pid = os.getpid()
        routing.install()
        atexit.register(self.close)
        _servers.add(self)
        self._accepting = threading.Thread(
            target=self._accept, name="repl-server-accept", daemon=True
        )
        self._accepting.start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<repl_server.Server at {self.address}{' (closed)' if self._closed else ''}>"

    def close(self) -> None:
        """End it: no new clients, the old ones let go, what they run interrupted.

        What a client evaluates may call it, and is itself interrupted by it.
        """
        mine = threading.current_thread()
        if any(worker.thread is mine for worker in self._evaluator.workers.copy()):
            threading.Thread(target=self._close, name="repl-server-close", daemon=True).start()
        else:
            self._close()

    def _close(self) -> None:
        with self._guard:
            if self._closed:
                return
            self._closed = True
            peers = list(self._peers.values())
            workers = list(self._evaluator.workers)
        atexit.unregister(self.close)
        _servers.discard(self)
        self._listener.close()
        for peer in peers:
            peer.hang_up()
        deadline = time.monotonic() + 1
        threads = [self._accepting, *(peer.thread for peer in peers)]
        threads += [worker.thread for worker in workers if worker.thread is not None]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0, deadline - time.monotonic()))
        self._evaluator.stop()
        routing.uninstall()

    def _is_closed(self) -> bool:
        return self._closed

    def _accept(self) -> None:
        while not self._is_closed():
            try:
                sock, _address = self._listener.socket.accept()
            except OSError:
                if self._is_closed():
                    return
                time.sleep(0.1)  # no descriptors left: some will be
                continue
            try:
                if not may_connect(sock):
                    sock.close()
                    _say("a connection of another user was refused")
                    continue
                if sock.family != socket.AF_UNIX:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._guard:
                    if self._is_closed():
                        sock.close()
                        return
                    peer = _Peer(sock, self._dispatcher, self._guard, self._peers)
                peer.thread.start()
            except (OSError, RuntimeError) as error:
                sock.close()
                _say(f"a connection could not be served: {error}")

    def _forget(self) -> None:
        """In the child after a fork: the clients and the address are the parent's."""
        self._closed = True
        atexit.unregister(self.close)
        self._listener.socket.close()
        for peer in self._peers.values():
            peer.outbox.closed = True
            peer.socket.close()


class _Room(Room):
    """Whether clients read: known to their outboxes."""

    def __init__(self, peers: dict[Client, _Peer]) -> None:
        self._peers = peers

    def there_is(self, client: Client) -> bool:
        peer = self._peers.get(client)
        return peer is None or peer.outbox.size <= _ROOM

    def wait(self, client: Client, unless: Any) -> None:
        peer = self._peers.get(client)
        if peer is not None and peer.outbox.size > _ROOM:
            peer.outbox.wait_for_room(_ROOM, unless)


class _Peer:
    """One connection, and the thread that reads it."""

    def __init__(
        self,
        sock: socket.socket,
        dispatcher: Dispatcher,
        guard: Guard,
        peers: dict[Client, _Peer],
    ) -> None:
        number = next(_numbers)
        self.socket = sock
        self.outbox = Outbox(sock, guard, name=f"repl-server-client-{number}")
        self.client = dispatcher.connect(self.outbox.send)
        self.reading = self.client.state = Reading(sock, self._passes)
        self.thread = threading.Thread(
            target=self._serve, name=f"repl-server-client-{number}", daemon=True
        )
        self._dispatcher = dispatcher
        self._guard = guard
        self._peers = peers
        self._wire = Connection()
        peers[self.client] = self

    def hang_up(self) -> None:
        """End the connection: the thread that reads it sees its end."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        try:
            self._read()
        except RemoteProtocolError as error:
            self._refuse(error)
        except OSError:
            pass  # the client has gone, without a word
        finally:
            self.outbox.close()
            self._dispatcher.disconnect(self.client)
            with self._guard:
                self._peers.pop(self.client, None)
                self.reading.close()
            self.hang_up()
            self.socket.close()

    def _read(self) -> None:
        """Read to the end, except while a session's thread does. This thread has the lock then."""
        reading, receive = self.reading, self.socket.recv
        reading.lock.acquire()
        data = receive(_RECEIVE)
        if data and data[0] != 0x64:
            _say(f"a client that does not speak nREPL was refused: {data[:40]!r}")
            return
        while True:
            given = reading.pass_on(data)
            if not data:
                return
            if not reading.room:
                self.outbox.wait_for_room(_ROOM_FOR_ANSWERS, _never)
            if given:
                reading.stand_by()
                if reading.error is not None:
                    raise reading.error
            data = receive(_RECEIVE)

    def _passes(self, data: bytes) -> bool:
        """Pass on the messages in what was read; whether the client reads their answers."""
        wire, dispatch, client = self._wire, self._dispatcher.receive, self.client
        wire.receive_data(data)
        while not isinstance(event := wire.next_event(), Idle):
            dispatch(client, event)
        return self.outbox.size <= _ROOM_FOR_ANSWERS

    def _refuse(self, error: RemoteProtocolError) -> None:
        if error.reason != "truncated":
            status = ["done", "error", "protocol-error"]
            self.outbox.send([{"status": status, "err": f"{error}\n"}])
            self.outbox.finish(1)


def _session_id() -> str:
    """An id nobody can guess, in the form others give theirs."""
    digits = binascii.hexlify(os.urandom(16)).decode()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _never() -> bool:
    return False


def _say(text: str) -> None:
    with contextlib.suppress(Exception):
        sys.stderr.write(f"repl-server: {text}\n")


_numbers = iter(range(1, sys.maxsize))
_servers: set[Server] = set()


def _after_fork() -> None:
    if _servers:
        for server in list(_servers):
            server._forget()  # noqa: SLF001
        _servers.clear()
        routing.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
