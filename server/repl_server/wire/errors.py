"""Whose mistake: ours (a message that can't be written) or the peer's (bytes that are none)."""

from __future__ import annotations

__all__ = ["LocalProtocolError", "ProtocolError", "RemoteProtocolError"]


class ProtocolError(Exception):
    """Something that is not the protocol was about to be written, or has been read."""


class LocalProtocolError(ProtocolError):
    """A message of ours that bencode can't carry (a float, a key that is no string)."""


class RemoteProtocolError(ProtocolError):
    """The peer sent bytes that are no message, or one beyond a limit.

    The stream can't be read on after it: the connection is to be closed with the error's words.
    `reason` is a stable word for programs: `malformed`, `too-large`, `too-deep`, `too-many-items`,
    `not-a-map` or `truncated` (the stream ended within a message).
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
