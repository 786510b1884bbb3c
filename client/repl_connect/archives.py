"""Files inside of archives, where Java and Python can have their sources."""

from __future__ import annotations

__all__ = ["read_member"]


def read_member(archive: str, member: str, largest: int) -> bytes | None:
    """A file in a zip or jar; None if it can't be read, or is larger than `largest` bytes."""
    import os
    import zlib
    from zipfile import BadZipFile, ZipFile

    if not os.path.isfile(archive):  # a pipe would have to be waited for
        return None
    try:
        with ZipFile(archive) as opened:
            return opened.read(member) if opened.getinfo(member).file_size <= largest else None
    except (OSError, EOFError, BadZipFile, zlib.error, LookupError, RuntimeError, ValueError):
        return None
