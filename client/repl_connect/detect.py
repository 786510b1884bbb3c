"""What is at the other end: decided from evidence, in the order that harms nobody.

    forced by the user ─> its own record ─> which process it is ─> what it says first ─> a probe

The probe is nREPL's `describe`, sent without a newline and only to a server that has said nothing
and is no Guile: an nREPL server answers it at once, an echo server returns it, and to a REPL that
has already shown its prompt it is never sent.

`Detector` has no clock and no socket: `connect` feeds it bytes and tells it when time has passed.
"""

from __future__ import annotations

from typing import Final

from repl_connect.channel import Channel, WireChannel
from repl_connect.dialects import DIALECTS, dialect_named
from repl_connect.errors import ConnectError
from repl_connect.peer import Peer
from repl_server.wire import Decoder, RemoteProtocolError, encode

__all__ = ["GREETING_WAIT", "Detector"]

GREETING_WAIT: Final = 0.25
"""Seconds a server gets to say something before it is probed (a JVM takes up to 0.17)."""

_PROBE: Final = encode({"op": "describe", "id": "0"})
_MOST: Final = 64 * 1024  # bytes looked at before giving up
_TELNET: Final = 0xFF
_GUILE: Final = b"GNU Guile "


# Prompts of REPLs that are recognised and not adapted, to say what they are.
_OTHERS: Final = (
    (rb">>> \Z", "a Python console"),
    (rb"[\w.]+=> \Z", "a Clojure socket REPL"),
    (rb"(?m)^\* \Z", "an SBCL REPL"),
    (rb"\(gdb\) \n?\Z", "gdb"),
    (rb"\A> \Z", "a REPL with the prompt `> ` (Node, Racket, Chez, …)"),
    (rb"\AHTTP/", "a web server"),
    (rb"\ASSH-", "an SSH server"),
)


class Detector:
    """Finds the channel for a server. `dialect` forces it; `record` and `peer` are evidence.

    Use: `channel` as soon as it is not None; `receive_data` what came; `silent` when nothing came
    for `GREETING_WAIT`, then `data_to_send`. `channel` has been given all the bytes received.
    """

    def __init__(
        self,
        name: str,
        *,
        dialect: str | None = None,
        recorded: bool = False,
        peer: Peer | None = None,
    ) -> None:
        self.name = name
        self.channel: Channel | None = None
        self.peer = peer
        self._received = b""
        self._probing = False
        if dialect is not None:
            self.channel = dialect_named(dialect).channel()
        elif recorded:
            self.channel = WireChannel()

    @property
    def waits_for_poll(self) -> bool:
        """Whether to wait for a greeting only: a cooperative Guile greets at its next poll."""
        return self.peer is not None and self.peer.guile

    def receive_data(self, data: bytes) -> None:
        """Take bytes. Raises `ConnectError` for what is no REPL we can use."""
        if not data:
            raise ConnectError(
                f"{self.name}: it closed the connection at once. "
                "It may serve one client at a time, or refuse this one: see its log."
            )
        self._received += data
        received = self._received
        if received[0] == _TELNET:
            raise ConnectError(
                f"{self.name}: this is a telnet server (it draws its own screen). "
                f"Use `telnet` for it."
            )
        if self._probing:
            self._probe_answer(received)
        elif received.startswith(_GUILE):
            if b"\n" in received:
                self._settle(DIALECTS["guile"].channel())
        elif not _GUILE.startswith(received):
            self._something_else(received)

    def silent(self) -> bytes:
        """Nothing has come: the probe to send, or no bytes if there is nothing to do but wait."""
        if self._received and not self._probing:
            raise ConnectError(
                f"{self.name}: it says {_shown(self._received)}: no REPL that is known here. {_TRY}"
            )
        if self._probing or self.waits_for_poll:
            return b""
        self._probing = True
        return _PROBE

    def gave_up(self, seconds: float) -> ConnectError:
        """The error for a server that has said too little in `seconds`."""
        if self.waits_for_poll:
            return ConnectError(
                f"{self.name}: this is Guile, and it has not greeted in {seconds:g} seconds. "
                "Does its loop still call poll-coop-repl-server?"
            )
        if self._received:
            return ConnectError(
                f"{self.name}: it said {_shown(self._received)} and no more in {seconds:g} "
                f"seconds: no REPL that is known here. {_TRY}"
            )
        return ConnectError(
            f"{self.name}: it accepts connections and says nothing ({seconds:g} seconds). "
            f"It may be busy, serve one client at a time, or be no REPL."
        )

    def _settle(self, channel: Channel) -> None:
        channel.receive_data(self._received)
        self.channel = channel

    def _probe_answer(self, received: bytes) -> None:
        if received.startswith(_GUILE):  # it was slow to greet, and now holds the probe as a token
            raise ConnectError(
                f"{self.name}: this is Guile, but it greeted late. Connect again with "
                "`--dialect guile`."
            )
        if received[0] != ord("d"):
            self._something_else(received)
            return
        if _PROBE.startswith(received[: len(_PROBE)]):
            if len(received) >= len(_PROBE):
                raise ConnectError(
                    f"{self.name}: it sends back what it is sent: an echo server, no REPL."
                )
            return
        decoder = Decoder()
        decoder.feed(received)
        try:
            message = decoder.next_message()
        except RemoteProtocolError:
            self._something_else(received)
            return
        if message is not None:
            if "status" not in message and "ops" not in message:
                self._something_else(received)
            self.channel = WireChannel()
            rest = decoder.rest
            if rest:
                self.channel.receive_data(rest)

    def _something_else(self, received: bytes) -> None:
        """It talks, and is no Guile. Raises as soon as it can be said what it is."""
        import re

        for pattern, what in _OTHERS:
            if re.search(pattern, received):
                raise ConnectError(
                    f"{self.name}: this is {what}, which is not adapted: only nREPL and Guile are."
                )
        if len(received) > _MOST:
            raise ConnectError(
                f"{self.name}: it says {_shown(received)}: no REPL that is known here. {_TRY}"
            )


_TRY: Final = "If you know better, force it with --dialect nrepl or --dialect guile."


def _shown(data: bytes) -> str:
    """The first line of something received, fit to be shown."""
    text = data.decode("utf-8", "replace").strip()
    line = text.splitlines()[0] if text else ""
    return ascii(line[:60])
