"""`repl-connect doctor ADDRESS`: step by step, as far as it goes, with what shows it."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from repl_connect.address import Address, HttpAddress, SshAddress, TcpAddress, UnixAddress
from repl_connect.connect import CONNECT_TIMEOUT, connect
from repl_connect.detection.peer import process_of, unix_peer_pid
from repl_connect.dialects import DIALECTS
from repl_connect.doctor.finding import Finding, State
from repl_connect.errors import ConnectError, ConnectionLost
from repl_connect.link import Link
from repl_connect.listeners import Listeners, is_local
from repl_connect.listing import command_line
from repl_connect.places import record_at
from repl_connect.round_trip import can_be_asked, round_trip

__all__ = ["Examination", "examine_address"]

_ROUND_TRIPS: Final = 5
_ANSWER_TIMEOUT: Final = 5.0
_SLOW: Final = 0.25  # seconds for a round trip, beyond which a prompt feels it
_BASIC: Final = ("clone", "close", "describe", "eval", "interrupt", "load-file", "stdin")
_TOOLS: Final = ("completions", "lookup")


class Examination(NamedTuple):
    """The findings, and whether there was a usable REPL at the end."""

    findings: list[Finding]
    connected: bool


def examine_address(
    address: Address,
    *,
    dialect: str | None = None,
    timeout: float = CONNECT_TIMEOUT,
    language: str | None = None,
) -> Examination:
    """Go the way of a connection, and say at each step what is there. Evaluates nothing.

    `language` is what is spoken there if the other side does not tell. Raises `UsageError` for a
    dialect there is none of.
    """
    findings = [Finding(State.OK, "address", _kind(address))]
    if isinstance(address, UnixAddress):
        findings += _socket_file(address)
    elif not isinstance(address, SshAddress):
        findings += _host(TcpAddress(address.host, address.port))
    if any(finding.state is State.WRONG for finding in findings):
        return Examination(findings, connected=False)
    pid = _listening(address)
    findings += _process(address, pid)
    began = time.monotonic()
    try:
        link = connect(address, dialect=dialect, timeout=timeout, language=language)
    except ConnectError as error:
        fact, _, advice = str(error).removeprefix(f"{address}: ").partition(". ")
        findings.append(Finding(State.WRONG, "connection", fact, advice))
        return Examination(findings, connected=False)
    took = time.monotonic() - began
    try:
        findings.append(Finding(State.OK, "connection", f"open after {_time(took)}"))
        if pid is None and not isinstance(address, SshAddress):
            findings += _connected(link)
        findings += _spoken(link, address)
        if can_be_asked(link, address):
            findings += _round_trips(link)
    except ConnectionLost as error:
        findings.append(Finding(State.WRONG, "connection", str(error), "try again; see its log"))
        return Examination(findings, connected=False)
    finally:
        link.close()
    return Examination(findings, connected=True)


def _kind(address: Address) -> str:
    if isinstance(address, UnixAddress):
        return f"{address}, a Unix socket: {os.path.abspath(address.path)}"
    if isinstance(address, HttpAddress):
        return f"{address}, telephone over HTTP"
    if isinstance(address, SshAddress):
        return f"{address}, {'a Unix socket' if address.there is None else 'TCP'} through ssh"
    return f"{address}, TCP"


def _socket_file(address: UnixAddress) -> Iterator[Finding]:
    path = address.path
    try:
        status = os.stat(path)
    except OSError as error:
        directory = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(directory):
            advice = f"there is no directory {directory}: is that path right?"
        else:
            advice = (
                f"ls -l {directory}; start the program there, "
                f"or wait for it: repl-connect --wait 30 {address}"
            )
        yield Finding(State.WRONG, "socket file", f"{error.strerror}", advice)
        return
    mode = f"mode {stat.S_IMODE(status.st_mode):o}, owner {_user(status.st_uid)}"
    if not stat.S_ISSOCK(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a file"
        yield Finding(
            State.WRONG, "socket file", f"it is {kind}, not a socket", "repl-connect list"
        )
    elif not os.access(path, os.W_OK):
        yield Finding(
            State.WRONG,
            "socket file",
            f"no permission to connect ({mode}; you are {_user(os.getuid())})",
            f"as its owner: chmod 660 {path}, or run repl-connect as {_user(status.st_uid)}",
        )
    else:
        yield Finding(State.OK, "socket file", f"{mode}; you may connect")


def _host(address: TcpAddress) -> Iterator[Finding]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        yield Finding(
            State.WRONG,
            "host",
            f"there is no machine of the name {address.host!r} ({error.strerror})",
            f"getent hosts {address.host}",
        )
        return
    numbers = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    if is_local(address):
        yield Finding(State.OK, "host", f"{numbers}, this machine")
    else:
        yield Finding(
            State.NOTE,
            "host",
            f"{numbers}: what is sent there is not encrypted",
            f"through ssh: ssh -N -L {address.port}:localhost:{address.port} {address.host}, "
            f"then repl-connect {address.port}",
        )


def _process(address: Address, pid: int | None) -> Iterator[Finding]:
    record = record_at(address)
    if record is not None:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started))
        yield Finding(
            State.OK,
            "record",
            f"process {record.pid} says: {record.program}, {record.language}, {record.mode}, "
            f"serving since {began}",
        )
    if pid is not None:
        yield _described(pid)


def _listening(address: Address) -> int | None:
    """The process that listens there, from `/proc`."""
    listeners = Listeners()
    if isinstance(address, UnixAddress):
        return listeners.unix_owner(address)
    if isinstance(address, SshAddress):
        return None
    return listeners.tcp_owner(TcpAddress(address.host, address.port))


def _connected(link: Link) -> Iterator[Finding]:
    """The process at the other end of a Unix socket, as the kernel has it."""
    with socket.socket(fileno=os.dup(link.fileno())) as stream:
        pid = unix_peer_pid(stream) if stream.family == socket.AF_UNIX else None
    if pid:
        yield _described(pid)


def _described(pid: int) -> Finding:
    try:
        peer = process_of(pid)
        directory = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return Finding(State.NOTE, "process", f"{pid}, of which no more can be known")
    kind = f"; {peer.system} runs in it" if peer.system not in ("", peer.program) else ""
    return Finding(
        State.OK, "process", f"{pid}: {command_line(pid) or peer.program}, in {directory}{kind}"
    )


def _is_native(link: Link) -> bool:
    """Whether what it is asked goes to the other side as it is."""
    return DIALECTS[link.dialect].native


def _spoken(link: Link, address: Address) -> Iterator[Finding]:
    telephone = isinstance(address, HttpAddress)
    description = link.session.description
    assert description is not None  # a link is described before it is ready
    for sentence in link.evidence:
        yield Finding(State.OK, "evidence", sentence)
    title = "telephone's HTTP" if telephone else DIALECTS[link.dialect].title
    adapted = "" if _is_native(link) and not telephone else ", which is adapted here"
    yield Finding(State.OK, "speaks", f"{title}{adapted}")
    if link.advice:
        fact, _, advice = link.advice.partition(": ")
        yield Finding(State.NOTE, "speaks", fact, advice)
    who = link.greeting or description.greeting or "of which it says nothing"
    yield Finding(State.OK, "who", who)
    if description.versions:
        versions = ", ".join(f"{name} {text}" for name, text in description.versions.items())
        yield Finding(State.OK, "versions", versions)
    if description.language != "text":
        yield Finding(State.OK, "language", description.language)
    else:
        yield Finding(
            State.NOTE,
            "language",
            "it is not told: what is shown and typed is plain text",
            f"repl-connect partners add NAME {address} --language LANGUAGE, then use @NAME",
        )
    if link.session.namespace:
        yield Finding(State.OK, "namespace", link.session.namespace)
    ops = description.ops
    yield Finding(State.OK, "ops", f"{len(ops)}: {', '.join(sorted(ops))}")
    missing = [op for op in (*_BASIC, *_TOOLS) if op not in ops]
    if "eval" in missing:
        yield Finding(
            State.WRONG, "ops", "it has no eval: nothing can be evaluated there", "see its manual"
        )
    elif missing:
        yield Finding(
            State.NOTE, "ops", f"it has no {', '.join(missing)}: what needs them does nothing"
        )


def _round_trips(link: Link) -> Iterator[Finding]:
    """How long it takes to be answered: of a cooperative server, how often it polls."""
    times = []
    for _ in range(_ROUND_TRIPS):
        took = round_trip(link, _ANSWER_TIMEOUT)
        if took is None:
            yield Finding(
                State.WRONG,
                "round trip",
                f"no answer in {_ANSWER_TIMEOUT:g} seconds",
                "it is busy with an evaluation, or its loop does not poll: interrupt what runs",
            )
            return
        times.append(took)
    typical = median(times)
    slow = typical > _SLOW
    yield Finding(
        State.NOTE if slow else State.OK,
        "round trip",
        f"{_time(typical)} (of {_ROUND_TRIPS}: {_time(min(times))} to {_time(max(times))})"
        + (": slow" if slow else ""),
        "is it far away, busy, or does its loop poll seldom?" if slow else "",
    )


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
