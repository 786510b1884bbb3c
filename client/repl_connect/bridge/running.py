"""A bridge as a process: announced, ended by a signal, or with its standard input and output."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Final

from repl_connect.address import Address, SshAddress
from repl_connect.bridge.bridge import Bridge
from repl_connect.errors import ConnectError, UsageError
from repl_connect.exit_codes import ExitCode
from repl_server.ending import Ending
from repl_server.errors import ServerError
from repl_server.network.listen import listen

__all__ = ["serve_listening", "serve_stdio"]

_CHUNK: Final = 65_536


class _Ending(Ending):
    """The same, or that the REPL is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.why: str | None = None
        self.code = ExitCode.OK

    def lost(self, why: str) -> None:
        """It will be for this reason that it ends."""
        self.why = why

    def found(self, why: str | None) -> None:
        """End if there is a reason why the REPL could not be connected to."""
        if why is not None:
            self.why = why
            self()

    def wait(self) -> None:
        """Return when it is over. Raises `ConnectError` if that was for want of the REPL."""
        super().wait()
        if self.why is not None:
            raise ConnectError(self.why)


def serve_listening(
    address: Address,
    where: str | None,
    *,
    dialect: str | None = None,
    eager: bool = False,
    port_file: bool = False,
    token: str | None = None,
    announced_as: str | None = None,
    interfaces: Sequence[str] | None = None,
) -> ExitCode:
    """Serve clients at `where` (None: in the runtime directory) until SIGTERM or Ctrl-C.

    The banner is printed on standard output, for the tools that look for it. Raises `UsageError`
    where nobody can listen, and `ConnectError` if `eager` and the REPL is not there.

    `announced_as`: tell the network, by this name, on that of `interfaces`; raises as `announce`.
    """
    try:
        listener = listen(where, token=token, port_file=port_file, mode="bridge")
    except (ServerError, OSError) as error:
        raise UsageError(str(error)) from None
    bridge = Bridge(address, listener, dialect=dialect, eager=eager)
    ending = _Ending()
    bridge.start(ending)
    try:
        if eager:
            bridge.find_now(ending.found)
        with contextlib.ExitStack() as stack:
            if announced_as is not None:
                from repl_connect.lan import announce

                stack.enter_context(announce(listener, program=announced_as, interfaces=interfaces))
            print(listener.banner, flush=True)
            ending.wait()
    finally:
        bridge.close()
    return ExitCode.OK


def serve_stdio(
    address: Address,
    *,
    dialect: str | None = None,
    eager: bool = False,
    unless_nrepl: bool = False,
) -> ExitCode:
    """Serve one client on standard input and output, until it ends its input and is answered.

    Nothing else is written to standard output. With `unless_nrepl` it is found out first what is
    there, as with `eager`; if it is an nREPL server nothing is read or written, and the status says
    so. The client can connect again by itself then, so a lost connection ends it too. Raises as
    `serve_listening`.
    """
    if isinstance(address, SshAddress):
        from repl_connect.ssh import ask_nobody

        ask_nobody()
    bridge = Bridge(address, None, dialect=dialect, eager=eager or unless_nrepl)
    ending = _Ending()
    ours, theirs = socket.socketpair()
    bridge.start(ending)
    bridge.adopt(theirs, lambda: None)

    def serve() -> None:
        threading.Thread(target=_read_input, args=(ours,), daemon=True).start()
        threading.Thread(target=_write_output, args=(ours, ending), daemon=True).start()

    def found(why: str | None) -> None:
        if bridge.found_nrepl:
            ending.code = ExitCode.NREPL
            ending()
        elif why is None:
            serve()
        ending.found(why)

    try:
        if unless_nrepl:
            bridge.end_with_repl(ending.lost)
            bridge.find_now(found)
        else:
            if eager:
                bridge.find_now(ending.found)
            serve()
        ending.wait()
    finally:
        bridge.close()
    return ending.code


def _read_input(ours: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := os.read(sys.stdin.fileno(), _CHUNK):
            ours.sendall(data)
    with contextlib.suppress(OSError):
        ours.shutdown(socket.SHUT_WR)


def _write_output(ours: socket.socket, ending: _Ending) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more
        while data := ours.recv(_CHUNK):
            view = memoryview(data)
            while view:
                view = view[os.write(sys.stdout.fileno(), view) :]
    ending()
