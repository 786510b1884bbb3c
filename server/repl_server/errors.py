"""What can go wrong in starting a server, each with the next step in its words."""

from __future__ import annotations

__all__ = ["AddressError", "AddressInUseError", "ServerError", "TokenError"]


class ServerError(Exception):
    """A server could not be started, or not be used this way."""


class AddressError(ServerError, ValueError):
    """The address is none that can be served: no such form, a path too long, a foreign host."""


class AddressInUseError(ServerError, OSError):
    """Something that must not be replaced is at the address: a live server, or a file."""

    def __str__(self) -> str:
        return self.strerror or super().__str__()


class TokenError(ServerError, ValueError):
    """The token is too short, or its file can't be read. The text never holds the token."""
