"""From an address to a `Link` that is ready: connect, find out who is there, open the sessions.

Blocking, with a time limit over all of it; every failure is a `ConnectError` that says what to do.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import time
from typing import NoReturn

from repl_connect.address import Address, TcpAddress, UnixAddress
from repl_connect.credentials import token
from repl_connect.detect import GREETING_WAIT, Detector
from repl_connect.discover import is_recorded
from repl_connect.errors import ConnectError, ConnectionLost, NotListening
from repl_connect.link import Link
from repl_connect.peer import peer_of
from repl_connect.session import SessionError

__all__ = ["CONNECT_TIMEOUT", "connect"]

CONNECT_TIMEOUT = 15.0
"""Seconds from the first system call to a session: some cooperative servers poll seldom."""


def connect(
    address: Address,
    *,
    dialect: str | None = None,
    timeout: float = CONNECT_TIMEOUT,
    tool: bool = True,
    resume: str | None = None,
    keep: int = 0,
) -> Link:
    """Connect and open the sessions; `tool=False` opens no tool session.

    `resume` and `keep` are for `Session.start`: a user session to take up again, and for how many
    seconds the new one is to be kept there if the connection is lost.

    Raises `ConnectError`, or `UsageError` for a dialect there is none of.
    """
    deadline = time.monotonic() + timeout
    stream = _open(address, timeout)
    try:
        detector = Detector(
            str(address),
            dialect=dialect,
            recorded=dialect is None and is_recorded(address, stream),
            peer=None,
        )
        if detector.channel is None:
            detector.peer = peer_of(stream)
        _detect(stream, detector, deadline, timeout)
    except BaseException:
        stream.close()
        raise
    assert detector.channel is not None
    link = Link(stream, detector.channel, name=str(address))
    try:
        _start(link, deadline, timeout, tool=tool, resume=resume, keep=keep)
    except ConnectionLost as error:
        raise ConnectError(str(error)) from None
    except BaseException:
        link.close()
        raise
    return link


def _detect(stream: socket.socket, detector: Detector, deadline: float, timeout: float) -> None:
    quiet = time.monotonic() + GREETING_WAIT
    stream.setblocking(False)
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    while detector.channel is None:
        now = time.monotonic()
        if now >= deadline:
            raise detector.gave_up(timeout)
        if poller.poll(max(0.0, min(quiet, deadline) - now) * 1000 + 1):
            try:
                data = stream.recv(65536)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                raise _lost(detector.name, error) from None
            detector.receive_data(data)
            quiet = time.monotonic() + GREETING_WAIT
        elif time.monotonic() >= quiet:
            probe = detector.silent()
            try:
                stream.sendall(probe)
            except OSError as error:
                raise _lost(detector.name, error) from None
            quiet = deadline


def _lost(name: str, error: OSError) -> ConnectError:
    return ConnectError(f"{name}: the connection was lost ({error.strerror}).")


def _start(
    link: Link, deadline: float, timeout: float, *, tool: bool, resume: str | None, keep: int
) -> None:
    ready: list[SessionError | None] = []
    link.session.start(
        lambda: ready.append(None),
        ready.append,
        tool=tool,
        token=token,
        resume=resume,
        keep=keep,
    )
    left = max(0.0, deadline - time.monotonic())
    # What has been received with the greeting is already in the channel.
    if not link.run_until(lambda: bool(ready), left):
        raise ConnectError(
            f"{link.name}: it is there, but opened no session in {timeout:g} seconds. "
            "It may be busy with an evaluation, or its loop may not poll."
        )
    failure = ready[0]
    if failure is not None:
        raise ConnectError(f"{link.name}: {failure}")
    if link.greeting is None and link.session.description is not None:
        link.greeting = link.session.description.greeting


def _open(address: Address, timeout: float) -> socket.socket:
    if isinstance(address, UnixAddress):
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(timeout)
        try:
            stream.connect(address.path)
        except OSError as error:
            stream.close()
            _unix_error(address, error)
        return stream
    try:
        stream = socket.create_connection((address.host, address.port), timeout)
    except OSError as error:
        _tcp_error(address, error, timeout)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def _unix_error(address: UnixAddress, error: OSError) -> NoReturn:
    path = address.path
    if isinstance(error, TimeoutError | BlockingIOError):  # the latter: its queue is full
        raise ConnectError(
            f"{address}: the program accepts no connections. It may be busy: try again, "
            "or see whether its loop still serves them."
        ) from None
    if error.errno == errno.ENOENT:
        raise NotListening(
            f"{address}: there is no such socket. "
            "Is the program running, and is this the directory it made it in?"
        ) from None
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = 0
    if stat.S_ISDIR(mode):
        there = _sockets_in(path)
        raise ConnectError(
            f"{address}: this is a directory. "
            + (f"Sockets in it: {', '.join(there)}." if there else "There is no socket in it.")
        ) from None
    if mode and not stat.S_ISSOCK(mode):
        raise ConnectError(f"{address}: this is a file, not a socket. Give the socket's path.")
    if error.errno in (errno.EACCES, errno.EPERM):
        raise ConnectError(
            f"{address}: no permission to connect. "
            f"It belongs to {_owner(path)}: become that user, or have the program open it for you."
        ) from None
    if error.errno == errno.ECONNREFUSED:
        raise NotListening(
            f"{address}: nobody listens there any more; a program that has ended left the file. "
            f"Start the program again (if it says the address is in use: rm {path})."
        ) from None
    raise ConnectError(f"{address}: {error.strerror or error}.") from None


def _sockets_in(directory: str) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    paths = [os.path.join(directory, name) for name in names]
    return [path for path in paths if _is_socket(path)][:5]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:  # a broken link, gone by now
        return False


def _owner(path: str) -> str:
    import pwd

    for place in (path, os.path.dirname(path) or "."):
        try:
            return pwd.getpwuid(os.stat(place).st_uid).pw_name
        except (OSError, KeyError):
            continue
    return "another user"


def _tcp_error(address: TcpAddress, error: OSError, timeout: float) -> NoReturn:
    if isinstance(error, TimeoutError):
        text = f"no answer in {timeout:g} seconds. Is that the right machine, and is it up?"
    elif isinstance(error, socket.gaierror):
        text = f"there is no machine of the name {address.host!r} ({error.strerror})."
    elif error.errno == errno.ECONNREFUSED:
        raise NotListening(
            f"{address}: nobody listens on that port. Is the program running, and is this its port?"
        ) from None
    else:
        text = f"{error.strerror or error}."
    raise ConnectError(f"{address}: {text}") from None
