"""Who may use a server that asks for a token: decided for each connection, without I/O.

A client gives the token as `repl-server/token` in any message, usually its first. Until then all it
sends is refused, and the connection is shut after three wrong tokens, or 64 KiB without the right
one. The shell adds a clock: `PATIENCE` seconds.
"""

from __future__ import annotations

from repl_server.errors import TokenError
from repl_server.wire import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


__all__ = ["PATIENCE", "SHORTEST_TOKEN", "TOKEN_KEY", "Gate", "make_token", "secret"]

TOKEN_KEY: Final = "repl-server/token"
"""The key of the token in a message."""

PATIENCE: Final = 10.0
"""Seconds that a client gets to give the token, from its connecting on, whatever it sends."""

SHORTEST_TOKEN: Final = 16
"""Characters."""

_TRIES: Final = 3
_BYTES: Final = 65_536
_AUTHENTICATE: Final = "repl-server/authenticate"


def make_token() -> str:
    """A new random token: 32 characters that need no quoting in a shell or a URL."""
    import binascii
    import os

    text = binascii.b2a_base64(os.urandom(24), newline=False).decode("ascii")
    return text.replace("+", "-").replace("/", "_")


def secret(token: str) -> bytes:
    """The token as it is compared. Raises `TokenError` for one that is too short or no text."""
    try:
        found = token.encode("utf-8")
    except (AttributeError, UnicodeEncodeError):
        raise TokenError("The token is no text that UTF-8 can hold: use make_token().") from None
    if len(token) < SHORTEST_TOKEN:
        raise TokenError(
            f"The token has {len(token)} characters and needs at least {SHORTEST_TOKEN}: "
            "use make_token()."
        )
    return found


class Gate:
    """One connection's way in.

    For what it has received, the shell asks in this order:

    1. `takes(len(data))`: False says to hang up, before anything is decoded.
    2. `admits(message)`, for each: True says to dispatch it. False says to send `answer(message)`
       instead, and to hang up after it if the gate is `shut`.
    """

    def __init__(self, secret: bytes) -> None:
        self.open = False
        """Whether the token was given."""
        self.shut: str | None = None
        """Why the connection is to be ended, as a line for the log."""
        self._secret = secret
        self._tries = _TRIES
        self._bytes = _BYTES

    def __repr__(self) -> str:
        return f"<repl_server.network.gate.Gate {'open' if self.open else 'closed'}>"

    def takes(self, count: int) -> bool:
        """Whether so many more bytes may come from this client."""
        if not self.open:
            if self._bytes <= 0 and self.shut is None:
                self.shut = f"a client that sent {_BYTES >> 10} KiB without the token was refused"
            self._bytes -= count
        return self.shut is None

    def admits(self, message: Message) -> bool:
        """Whether the message may be dispatched. Takes the token out of it."""
        given = message.pop(TOKEN_KEY, None)
        if self.shut is not None:
            return False
        if not self.open and given is not None:
            self._try(given)
        return self.open and message.get("op") != _AUTHENTICATE

    def answer(self, message: Message) -> Message:
        """What to send for a message that was not admitted."""
        reply: Message = {}
        for key, kinds in (("id", str | int), ("session", str)):
            if isinstance(value := message.get(key), kinds):
                reply[key] = value
        if self.open:
            return reply | {"status": ["done"]}
        if self.shut is not None:
            text = "That is not this server's token. The connection ends here."
        elif self._tries < _TRIES:
            left = "1 try" if self._tries == 1 else f"{self._tries} tries"
            text = f"That is not this server's token; {left} left."
        else:
            text = f"This server asks for a token: send it as {TOKEN_KEY}."
        status = ["done", "error", "repl-server/unauthorized"]
        return reply | {"status": status, "err": text + "\n"}

    def _try(self, given: object) -> None:
        import hmac

        data = given.encode("utf-8") if isinstance(given, str) else given
        if isinstance(data, bytes) and hmac.compare_digest(data, self._secret):
            self.open = True
            return
        self._tries -= 1
        if self._tries == 0:
            self.shut = f"a client that gave {_TRIES} wrong tokens was refused"
