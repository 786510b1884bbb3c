"""How much of a peer's message is taken before it is refused."""

from __future__ import annotations

__all__ = ["Limits"]


class Limits:
    """Bounds on one incoming message.

    A deployed decoder believes any length it is told and allocates it; these are what keeps a
    four-byte header from costing gigabytes.

    - `message_bytes`: the whole encoded message, 64 MiB (nginx takes 1 MiB of request body by
      default, node 16 KiB of header; here a message carries whole files and values).
    - `depth`: lists and maps within each other, 64.
    - `items`: strings, integers, lists and maps in one message, 500,000: two bytes on the wire can
      be sixty in memory.
    - `digits`: digits of one integer, 1,000 (turning digits into a number takes quadratic time).
    """

    __slots__ = ("depth", "digits", "items", "message_bytes")

    def __init__(
        self,
        message_bytes: int = 64 * 1024 * 1024,
        depth: int = 64,
        items: int = 500_000,
        digits: int = 1_000,
    ) -> None:
        self.message_bytes = message_bytes
        self.depth = depth
        self.items = items
        self.digits = digits
