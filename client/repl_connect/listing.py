"""What is live on this machine, for this user: each place looked at, asked, and described.

A server is asked nREPL's `describe`; all are asked at once, with one short time limit over them.
Guile is recognised by its process and never connected to (see `listeners`).
"""

from __future__ import annotations

import os
import select
import socket
import time
from typing import Any, Final, NamedTuple

from repl_connect.address import Address, SshAddress, TcpAddress, UnixAddress
from repl_connect.channel import Channel
from repl_connect.detection.detector import Detector
from repl_connect.detection.peer import Peer, process_of, unix_peer_pid
from repl_connect.errors import ConnectError
from repl_connect.events import Description
from repl_connect.listeners import Listeners
from repl_connect.places import BadPortFile, Place, places, shown_path
from repl_connect.replies import description_of, statuses_of
from repl_server.wire import Idle, Message, ProtocolError

__all__ = ["ASK_TIMEOUT", "Listing", "Server", "Stale", "command_line", "look_at", "survey"]

ASK_TIMEOUT: Final = 0.6
"""Seconds that all the servers together get to answer."""

_CONNECT_TIMEOUT: Final = 0.3
_CLIENTS: Final = "repl-server/clients"
_LONGEST_COMMAND: Final = 200
_SHORT: Final = 40  # characters of a command line that is shown in a row
_SILENT: Final = "it accepts connections and says nothing"


class Server(NamedTuple):
    """A live server. What is not known is None or empty.

    `state`: `live` (it has answered), `busy` (it accepts connections and has not answered in time),
    `token` (it wants one), `unasked` (a REPL of another kind, which is left alone: known by its
    process or its greeting), `announced` (nothing more is known of it than what it tells the
    network). `local`: it is of this directory tree. `announced`: its name on the network, if it was
    found there; whatever else is said of such a one is what somebody there says.
    """

    address: Address
    state: str
    local: bool
    embedded: bool = False
    pid: int | None = None
    program: str = ""
    language: str = ""
    mode: str = ""
    directory: str = ""
    greeting: str = ""
    clients: int | None = None
    announced: str = ""

    @property
    def spoken(self) -> str:
        """The language, as it says itself if it was asked; `?` if that is not known."""
        return self.greeting.partition(",")[0] or self.language or "?"

    @property
    def short_program(self) -> str:
        """The start of its command line; `?` if that is not known."""
        program = self.program or "?"
        return program if len(program) <= _SHORT else program[: _SHORT - 1] + "…"

    def address_from(self, here: str) -> str:
        """The address as it is understood everywhere, where `here` is the one it was seen from."""
        if isinstance(self.address, UnixAddress):
            return os.path.normpath(os.path.join(here, self.address.path))
        return str(self.address)


class Stale(NamedTuple):
    """A file that names nothing live: a sentence about it, and the command that removes it."""

    problem: str
    remedy: str

    @property
    def words(self) -> str:
        """Both, for somebody to read."""
        return f"{self.problem} To remove it: {self.remedy}" if self.remedy else self.problem


class Listing(NamedTuple):
    """What was found; `others` are sentences about what listens and is no REPL known here."""

    servers: list[Server]
    stale: list[Stale]
    others: list[str]


def survey(here: str, timeout: float = ASK_TIMEOUT) -> Listing:
    """Look at every place there is, seen from the directory `here`; the nearest servers first."""
    found, bad = places(here)
    listing = Listing([], [_bad_port_file(each, here) for each in bad], [])
    listeners = Listeners()
    asked: list[_Asked | Server] = []
    for place in found:
        peer = _known_guile(place, listeners)
        if peer is not None:
            asked.append(_server(place, here, peer, state="unasked"))
            continue
        try:
            stream = _open(place.address)
        except BlockingIOError:  # its queue of connections is full
            asked.append(_server(place, here, _owner(place, listeners), state="busy"))
        except OSError:
            listing.stale.append(_stale(place, here))
        else:
            asked.append(_Asked(place, stream, here, listeners))
    _wait([each for each in asked if isinstance(each, _Asked)], time.monotonic() + timeout)
    for each in asked:
        if isinstance(each, Server):
            listing.servers.append(each)
        else:
            each.close()
            server = each.server()
            if server is not None:
                listing.servers.append(server)
            else:
                listing.others.append(each.problem)
    return listing


def look_at(address: TcpAddress, timeout: float = ASK_TIMEOUT) -> str:
    """The state of the nREPL server at an address (see `Server`); empty if there is none."""
    place = Place(address, local=True)
    try:
        stream = _open(address)
    except OSError:
        return ""
    asked = _Asked(place, stream, "", Listeners())
    try:
        _wait([asked], time.monotonic() + timeout)
    finally:
        asked.close()
    server = asked.server()
    return server.state if server is not None else ""


def command_line(pid: int) -> str:
    """How a process was called, shortened; empty if that can't be known."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4 * _LONGEST_COMMAND).split(b"\0")
    except OSError:
        return ""
    text = " ".join(word.decode("utf-8", "replace") for word in words if word)
    head, _, rest = text.partition(" ")
    text = f"{os.path.basename(head)} {rest}".strip()
    return text if len(text) <= _LONGEST_COMMAND else text[: _LONGEST_COMMAND - 1] + "…"


class _Asked:
    """One connection that was asked who is there."""

    def __init__(
        self, place: Place, stream: socket.socket, here: str, listeners: Listeners
    ) -> None:
        self.place = place
        self.stream = stream
        self.done = False
        self.problem = ""
        self._here = here
        self._channel: Channel | None = None
        self._description: Description | None = None
        self._clients: int | None = None
        self._token = False
        pid = unix_peer_pid(stream) if stream.family == socket.AF_UNIX else None
        self._peer = _process(pid) if pid else _owner(place, listeners)
        # A port is known from a record or a port file only, and both mean nREPL.
        recorded = place.record is not None or isinstance(place.address, TcpAddress)
        self._name = str(_shown(place.address, here))
        self._detector = Detector(self._name, recorded=recorded, peer=self._peer)
        self.silent_at = self._quiet()
        stream.setblocking(False)
        self._bridge = place.record is not None and place.record.mode == "bridge"
        if self._bridge or (self._peer is not None and self._peer.guile):
            self.done = True  # to ask a bridge is to ask what is behind it
        else:
            self._go_on()

    def receive(self) -> None:
        """Take what has come."""
        try:
            data = self.stream.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        try:
            if self._channel is None:
                self._detector.receive_data(data)
                self._go_on()
            elif data:
                self._channel.receive_data(data)
                while not isinstance(event := self._channel.next_event(), Idle):
                    self._answered(event)
            else:
                self._end(f"{self._name}: it closed the connection when it was asked.")
        except (ConnectError, ProtocolError) as error:
            self._end(str(error))

    def silent(self) -> None:
        """It has said nothing for a while."""
        if self._channel is None:
            try:
                self._detector.silent()
                self._go_on()
            except ConnectError as error:
                self._end(str(error))

    def close(self) -> None:
        """Hang up."""
        self.stream.close()

    def server(self) -> Server | None:
        """Who is there; None if it is no REPL that is known here."""
        dialect = self._detector.dialect
        guile = self._peer is not None and self._peer.guile
        adapted = guile or self._bridge or dialect not in (None, "nrepl", "line")
        known = self._description is not None or self._token
        if not (adapted or known or self.place.record is not None):
            evidence = self._detector.evidence
            said = evidence[-1] if evidence and not self._silent else _SILENT
            self.problem = self.problem or f"{self._name}: {said}; is it a REPL?"
            return None
        state = "unasked" if adapted else "token" if self._token else "live" if known else "busy"
        return _server(
            self.place,
            self._here,
            self._peer,
            state=state,
            dialect=dialect if adapted and dialect != "prompt" else None,
            description=self._description,
            clients=self._clients,
        )

    @property
    def _silent(self) -> bool:
        return self._detector.dialect is None and self._detector.again is None

    def _go_on(self) -> None:
        """Ask for its description, if nREPL is spoken; of others it is enough to know them."""
        detector = self._detector
        self._send(detector.data_to_send())
        if detector.dialect == "nrepl":
            self._channel = detector.channel()
            self._request({"op": "describe", "id": "describe"})
        elif detector.dialect is not None or detector.again is not None:
            self.done = True
        self.silent_at = self._quiet()

    def _quiet(self) -> float:
        wait = None if self._channel is not None else self._detector.wait
        return float("inf") if wait is None else time.monotonic() + wait

    def _answered(self, message: Message) -> None:
        statuses = statuses_of(message)
        if "repl-server/unauthorized" in statuses:
            self._token = self.done = True
        elif message.get("id") == "describe":
            self._description = description_of(message)
            if _CLIENTS in self._description.ops:
                self._request({"op": _CLIENTS, "id": "clients"})
            else:
                self.done = True
        elif message.get("id") == "clients":
            clients = message.get("clients")
            self._clients = len(clients) - 1 if isinstance(clients, list) else None  # without us
            self.done = True

    def _request(self, message: dict[str, Any]) -> None:
        assert self._channel is not None
        self._channel.send(message)
        self._send(self._channel.data_to_send())

    def _send(self, data: bytes) -> None:
        try:
            self.stream.sendall(data)
        except OSError:
            self._end(f"{self._name}: it closed the connection when it was asked.")

    def _end(self, problem: str) -> None:
        self.done = True
        self.problem = problem


def _wait(asked: list[_Asked], deadline: float) -> None:
    """Until all have answered, or the time is up."""
    while waiting := [each for each in asked if not each.done]:
        now = time.monotonic()
        if now >= deadline:
            return
        poller = select.poll()
        by_descriptor = {each.stream.fileno(): each for each in waiting}
        for descriptor in by_descriptor:
            poller.register(descriptor, select.POLLIN)
        until = min(deadline, *(each.silent_at for each in waiting))
        for descriptor, _ in poller.poll(max(0.0, until - now) * 1000 + 1):
            by_descriptor[descriptor].receive()
        now = time.monotonic()
        for each in waiting:
            if not each.done and now >= each.silent_at:
                each.silent()


def _open(address: Address) -> socket.socket:
    if isinstance(address, TcpAddress):
        return socket.create_connection((address.host, address.port), _CONNECT_TIMEOUT)
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.settimeout(0)  # a full queue is known at once
        stream.connect(address.path)
    except BaseException:
        stream.close()
        raise
    return stream


def _process(pid: int) -> Peer | None:
    try:
        return process_of(pid)
    except (OSError, ValueError):
        return None


def _owner(place: Place, listeners: Listeners) -> Peer | None:
    if place.record is not None:
        return _process(place.record.pid)
    address = place.address
    if isinstance(address, SshAddress):
        return None
    pid = (
        listeners.unix_owner(address)
        if isinstance(address, UnixAddress)
        else listeners.tcp_owner(TcpAddress(address.host, address.port))
    )
    return _process(pid) if pid is not None else None


def _known_guile(place: Place, listeners: Listeners) -> Peer | None:
    """The Guile that listens there, if that can be known without connecting."""
    if place.record is not None:  # a server that says it speaks nREPL
        return None
    peer = _owner(place, listeners)
    return peer if peer is not None and peer.guile else None


def _server(
    place: Place,
    here: str,
    peer: Peer | None,
    *,
    state: str,
    dialect: str | None = None,
    description: Description | None = None,
    clients: int | None = None,
) -> Server:
    record = place.record
    pid = record.pid if record is not None else peer.pid if peer is not None else None
    directory = record.cwd if record is not None else ""
    if not directory and pid is not None:
        try:
            directory = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            directory = ""
    language = record.language if record is not None else ""
    if not language:
        language = "guile" if peer is not None and peer.guile else dialect or ""
    if description is not None and description.language != "text":
        language = description.language
    return Server(
        address=_shown(place.address, here),
        state=state,
        local=place.local,
        embedded=place.embedded,
        pid=pid,
        program=(command_line(pid) if pid is not None else "")
        or (record.program if record else ""),
        language=language,
        mode=record.mode if record is not None else "",
        directory=directory,
        greeting=description.greeting if description is not None else "",
        clients=clients,
    )


def _shown(address: Address, here: str) -> Address:
    if isinstance(address, UnixAddress):
        return UnixAddress(shown_path(address.path, here))
    return address


def _bad_port_file(bad: BadPortFile, here: str) -> Stale:
    path = shown_path(bad.file, here)
    return Stale(f"{path} holds no port: {bad.text[:20]!a}.", _removing(path))


def _stale(place: Place, here: str) -> Stale:
    path = shown_path(place.file, here) if place.file is not None else ""
    if isinstance(place.address, TcpAddress):
        problem = f"{path or 'A record'} says {place.address.port}, nobody listens there."
        if not path:
            return Stale(f"{place.address}: its record is there, nobody listens there.", "")
        return Stale(problem, _removing(path))
    path = path or shown_path(place.address.path, here)
    return Stale(f"{path}: nobody listens there any more.", _removing(path))


def _removing(path: str) -> str:
    from shlex import quote

    return f"rm {quote(path)}"
