"""What can go wrong for the user, each with what to do next in its text.

The text is one or two lines and is shown as it is; nothing of ours is ever shown as a traceback.
"""

from __future__ import annotations

from repl_connect.exit_codes import ExitCode

__all__ = [
    "AddressError",
    "ConnectError",
    "ConnectionLost",
    "NotListening",
    "ReplConnectError",
    "SessionError",
    "UsageError",
]


class ReplConnectError(Exception):
    """Anything that ends a command with a sentence. `exit_code` is the process's status for it."""

    exit_code = ExitCode.RAISED


class UsageError(ReplConnectError):
    """The command line asks for something that can't be done."""

    exit_code = ExitCode.USAGE


class AddressError(UsageError):
    """A text that is no address."""


class ConnectError(ReplConnectError):
    """There is no usable REPL at an address: nothing there, no permission, no answer, no REPL.

    `reason` says it in two or three words, for a table.
    """

    exit_code = ExitCode.NO_CONNECTION

    def __init__(self, text: str, reason: str = "no connection") -> None:
        super().__init__(text)
        self.reason = reason


class NotListening(ConnectError):
    """Nobody listens there, or not yet: the program may still be starting."""

    def __init__(self, text: str, reason: str = "nobody there") -> None:
        super().__init__(text, reason)


class SessionError(Exception):
    """The other side would not open a session; the text and the `reason` are `ConnectError`'s."""

    def __init__(self, text: str, reason: str = "no session") -> None:
        super().__init__(text)
        self.reason = reason


class ConnectionLost(ReplConnectError):
    """The connection was there and is gone."""

    exit_code = ExitCode.NO_CONNECTION
