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
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from repl_connect.address import Address, HttpAddress, SshAddress, TcpAddress, UnixAddress
from repl_connect.credentials import token
from repl_connect.detection.detector import TALK_WAIT, Detector
from repl_connect.detection.peer import peer_of
from repl_connect.detection.recorded import is_recorded
from repl_connect.dialects import DIALECTS
from repl_connect.errors import ConnectError, ConnectionLost, NotListening
from repl_connect.link import Link
from repl_connect.session import SessionError
from repl_server.wire import ProtocolError

if TYPE_CHECKING:
    from repl_connect.channel import Channel
    from repl_server.dispatch.timing import Timing

__all__ = ["CONNECT_TIMEOUT", "connect", "open_stream", "reach"]

CONNECT_TIMEOUT = 15.0
"""Seconds from the first system call to a session: some cooperative servers poll seldom."""

_PATIENCE: Final = 3.0  # seconds before it is said that nothing was heard
_SSH_DELAY: Final = 0.5  # seconds that all may take longer through ssh
_LONGEST_DELAY: Final = 2.0
_TOO_LONG: Final = "took too long"
_GUESS_TIMEOUT: Final = 3.0  # seconds that a REPL gets to take an upgrade it was only guessed for


def connect(
    address: Address,
    *,
    dialect: str | None = None,
    timeout: float = CONNECT_TIMEOUT,
    tool: bool = True,
    resume: str | None = None,
    keep: int = 0,
    language: str | None = None,
    notice: Callable[[str], None] | None = None,
) -> Link:
    """Connect and open the sessions; `tool=False` opens no tool session.

    `resume` and `keep` are for `Session.start`: a user session to take up again, and for how many
    seconds the new one is to be kept there if the connection is lost. `language` is what is spoken
    there if the other side does not tell. `notice` gets a sentence for the user if the other side
    has not said for some seconds what it is.

    Raises `ConnectError`, or `UsageError` for a dialect there is none of.
    """
    if isinstance(address, SshAddress):
        from repl_connect.ssh import open_ahead

        open_ahead(address, timeout)  # somebody may have to type a password, in their own time
    deadline = time.monotonic() + timeout
    remembers = True
    while True:
        left = max(0.1, deadline - time.monotonic())
        stream, detector = _identified(address, dialect, left, remembers=remembers, notice=notice)
        try:
            link = _started(stream, detector, deadline, tool=tool, resume=resume, keep=keep)
        except ConnectError as error:
            if not detector.guessed or time.monotonic() >= deadline:
                raise _explained(stream, address, error) from None
            from repl_connect.detection.remembered import forget

            forget(address)
            remembers = False
            continue
        if detector.is_news:
            from repl_connect.detection.remembered import remember

            remember(address, link.dialect)
        if language is not None and link.session.description is not None:
            link.session.description = link.session.description._replace(assumed=language)
        return link


def reach(
    address: Address,
    *,
    dialect: str | None = None,
    timeout: float = CONNECT_TIMEOUT,
    timing: Timing | None = None,
) -> tuple[socket.socket, Channel]:
    """Connect and find out who is there: the stream, and a channel that has had what came over it.

    `timing` is for an adapter that is to serve several clients, with jobs. Raises as `connect`.
    """
    stream, detector = _identified(address, dialect, timeout)
    try:
        return stream, _channel(detector, timing)
    except BaseException:
        stream.close()
        raise


def _channel(detector: Detector, timing: Timing | None = None) -> Channel:
    """A channel that has had what came so far. Raises `ConnectError` if that was too much."""
    try:
        return detector.channel(timing)
    except ProtocolError as error:
        raise ConnectError(f"{detector.name}: {error}.") from None


def _identified(
    address: Address,
    dialect: str | None,
    timeout: float,
    *,
    remembers: bool = True,
    notice: Callable[[str], None] | None = None,
) -> tuple[socket.socket, Detector]:
    """A stream, and what is spoken over it: on a second one, if the first was used up."""
    deadline = time.monotonic() + timeout
    evidence: Sequence[str] = ("its address says so",) if isinstance(address, HttpAddress) else ()

    def remembered() -> str | None:
        from repl_connect.detection.remembered import recall

        return recall(address) if remembers else None

    while True:
        began = time.monotonic()
        stream = open_stream(address, max(0.1, deadline - began))
        far = _SSH_DELAY if isinstance(address, SshAddress) else 0.0
        try:
            detector = Detector(
                str(address),
                dialect=dialect,
                delay=max(far, min(_LONGEST_DELAY, 2 * (time.monotonic() - began))),
                recorded=dialect is None and is_recorded(address, stream),
                remembered=remembered,
                evidence=evidence,
            )
            if detector.dialect is None:
                if not isinstance(address, SshAddress):
                    detector.peer = peer_of(stream)
                _detect(stream, detector, deadline, timeout, notice)
        except ConnectError as error:
            told = _explained(stream, address, error)
            stream.close()
            raise told from None
        except BaseException:
            stream.close()
            raise
        if detector.again is None:
            return stream, detector
        stream.close()
        dialect, evidence = detector.again, detector.evidence


def _detect(
    stream: socket.socket,
    detector: Detector,
    deadline: float,
    timeout: float,
    notice: Callable[[str], None] | None,
) -> None:
    stream.setblocking(False)
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    enough: float | None = None  # when what it says decides, although it goes on
    notice_at = time.monotonic() + _PATIENCE if notice is not None else deadline
    quiet = _quiet(detector, deadline, enough)
    while detector.dialect is None and detector.again is None:
        now = time.monotonic()
        if now >= deadline:
            error = detector.gave_up(timeout)
            error.reason = _TOO_LONG
            raise error
        if now >= notice_at and notice is not None:
            notice(detector.waiting)
            notice_at = deadline
        if poller.poll(max(0.0, min(quiet, notice_at) - now) * 1000 + 1):
            try:
                data = stream.recv(65536)
            except (BlockingIOError, InterruptedError):
                continue
            except ConnectionResetError:  # it closed, with bytes of ours unread
                data = b""
            except OSError as error:
                raise _lost(detector.name, error) from None
            if enough is None:
                enough = time.monotonic() + TALK_WAIT
            detector.receive_data(data)
        elif deadline > time.monotonic() >= quiet:
            detector.silent()
            enough = None
        else:
            continue
        sent = detector.data_to_send()
        if sent:
            enough = None
            try:
                stream.sendall(sent)
            except OSError as error:
                raise _lost(detector.name, error) from None
        quiet = _quiet(detector, deadline, enough)


def _quiet(detector: Detector, deadline: float, enough: float | None) -> float:
    """The moment that ends the silence, if nothing comes until then."""
    wait = detector.wait
    if wait is None:
        return deadline
    return min(deadline, time.monotonic() + wait, *([] if enough is None else [enough]))


def _started(
    stream: socket.socket,
    detector: Detector,
    deadline: float,
    *,
    tool: bool,
    resume: str | None,
    keep: int,
) -> Link:
    assert detector.dialect is not None
    try:
        link = Link(stream, _channel(detector), name=detector.name)
    except BaseException:
        stream.close()
        raise
    link.dialect, link.evidence = detector.dialect, tuple(detector.evidence)
    link.advice = detector.advice
    left = max(0.0, deadline - time.monotonic())
    if detector.guessed:
        left = min(left, _GUESS_TIMEOUT)
    try:
        _start(link, left, tool=tool, resume=resume, keep=keep)
    except ConnectionLost as error:
        raise ConnectError(f"{error}{_instead(link)}") from None
    except BaseException:
        link.close()
        raise
    return link


def _instead(link: Link) -> str:
    """What to try with a REPL that did not become what we wanted to make of it."""
    if link.dialect in ("nrepl", "line", "prompt"):
        return ""
    return (
        f" It was taken for {DIALECTS[link.dialect].title} ({link.evidence[-1]}); "
        "--dialect prompt uses it as it is."
    )


_NO_SWANK: Final = " It was taken for Swank; if it is telephone, its address is http://HOST:PORT."
# Both are a silent SBCL.


def _lost(name: str, error: OSError) -> ConnectError:
    return ConnectError(f"{name}: the connection was lost ({error.strerror}).")


def _start(link: Link, timeout: float, *, tool: bool, resume: str | None, keep: int) -> None:
    ready: list[SessionError | None] = []
    link.session.start(
        lambda: ready.append(None),
        ready.append,
        tool=tool,
        token=token,
        resume=resume,
        keep=keep,
    )
    # What has been received with the greeting is already in the channel.
    if not link.run_until(lambda: bool(ready), timeout):
        raise ConnectError(
            f"{link.name}: it is there, but opened no session in {timeout:.2g} seconds. "
            "It may be busy with an evaluation, or its loop may not poll."
            + (_NO_SWANK if link.dialect == "swank" else ""),
            _TOO_LONG,
        )
    failure = ready[0]
    if failure is not None:
        raise ConnectError(f"{link.name}: {failure}", failure.reason)
    if link.greeting is None and link.session.description is not None:
        link.greeting = link.session.description.greeting


def open_stream(address: Address, timeout: float) -> socket.socket:
    """A connection, and nothing said over it yet. Raises `ConnectError`."""
    if isinstance(address, UnixAddress):
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(timeout)
        try:
            stream.connect(address.path)
        except OSError as error:
            stream.close()
            _unix_error(address, error)
        return stream
    if isinstance(address, SshAddress):
        from repl_connect.ssh import open_ssh

        return open_ssh(address, timeout)
    try:
        if isinstance(address, HttpAddress):
            from repl_connect.telephone.gateway import open_telephone

            return open_telephone(address, timeout)
        stream = socket.create_connection((address.host, address.port), timeout)
    except OSError as error:
        _tcp_error(address, error, timeout)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def _explained(stream: socket.socket, address: Address, error: ConnectError) -> ConnectError:
    """The error, or what ssh has said if the connection went through it."""
    if not isinstance(address, SshAddress):
        return error
    from repl_connect.ssh import explained

    return explained(stream, address, error)


def _unix_error(address: UnixAddress, error: OSError) -> NoReturn:
    path = address.path
    if isinstance(error, TimeoutError | BlockingIOError):  # the latter: its queue is full
        raise ConnectError(
            f"{address}: the program accepts no connections. It may be busy: try again, "
            "or see whether its loop still serves them.",
            _TOO_LONG,
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
            f"It belongs to {_owner(path)}: become that user, or have the program open it for you.",
            "no permission",
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


def _tcp_error(address: TcpAddress | HttpAddress, error: OSError, timeout: float) -> NoReturn:
    reason = "no connection"
    if isinstance(error, TimeoutError):
        reason = _TOO_LONG
        text = f"no answer in {timeout:.3g} seconds. Is that the right machine, and is it up?"
    elif isinstance(error, socket.gaierror):
        reason = "no such host"
        text = f"there is no machine of the name {address.host!r} ({error.strerror})."
    elif error.errno == errno.ECONNREFUSED:
        raise NotListening(
            f"{address}: nobody listens on that port. Is the program running, and is this its port?"
        ) from None
    else:
        text = f"{error.strerror or error}."
    raise ConnectError(f"{address}: {text}", reason) from None
