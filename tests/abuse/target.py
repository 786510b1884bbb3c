"""What is fuzzed: a function of bytes that fails if what reads them does what it must not."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["FuzzTarget", "pieces"]


class FuzzTarget(NamedTuple):
    """`attack` raises for bytes that are taken in a wrong way, and returns for all others.

    `on` and `happened` are for the table of what was tried; `seeds` are bytes that make sense.
    """

    name: str
    on: str
    happened: str
    attack: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def pieces(data: bytes) -> list[bytes]:
    """The bytes cut somewhere: always the same for the same bytes."""
    chance = random.Random(zlib.crc32(data))
    longest = chance.choice((1, 3, 20, 200))
    found, at = [], 0
    while at < len(data):
        size = chance.randint(1, longest)
        found.append(data[at : at + size])
        at += size
    return found
