"""What was found at an address before, kept from one connection to the next.

One line an address, the newest last: the dialect, when it was found (seconds since 1970), the
address. It is evidence like others (see `detector`), never the reason to send something by itself.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Final

from repl_connect.address import Address, UnixAddress
from repl_connect.dialects import DIALECTS
from repl_connect.state import state_path
from repl_server.network.replacing import put_file

__all__ = ["forget", "path", "recall", "remember"]

_MOST: Final = 200  # addresses
_LONGEST: Final = 128 * 1024  # bytes of the file


def path() -> str:
    """The file, whether it is there or not."""
    return state_path("dialects")


def recall(address: Address) -> str | None:
    """The dialect that was found there last; None if it is not known."""
    wanted = _key(address)
    return next((dialect for dialect, _, key in reversed(_lines()) if key == wanted), None)


def remember(address: Address, dialect: str) -> None:
    """Keep it, if it is not what is kept already. What can't be written is not kept.

    Lines of text, and a prompt, are what is found where nothing is known: then nothing is kept.
    """
    known = None if dialect in ("line", "prompt") else dialect
    if recall(address) != known:
        _write(address, known)


def forget(address: Address) -> None:
    """Keep nothing of this address."""
    if recall(address) is not None:
        _write(address, None)


def _key(address: Address) -> str:
    if isinstance(address, UnixAddress):
        return os.path.realpath(address.path)
    return str(address)


def _lines() -> list[tuple[str, str, str]]:
    """What the file holds that can be understood: dialect, time, address."""
    try:
        with open(path(), encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split(" ", 2) for line in file.read(_LONGEST).split("\n")]
    except OSError:
        return []
    return [
        (row[0], row[1], row[2])
        for row in rows
        if len(row) == 3 and row[0] in DIALECTS and row[1].isdigit()
    ][-_MOST:]


def _write(address: Address, dialect: str | None) -> None:
    key = _key(address)
    if "\n" in key:
        return
    kept = [row for row in _lines() if row[2] != key]
    if dialect is not None:
        kept.append((dialect, str(int(time.time())), key))
    text = "".join(f"{' '.join(row)}\n" for row in kept[-_MOST:])
    place = path()
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        put_file(place, text.encode("utf-8", "surrogateescape"))
