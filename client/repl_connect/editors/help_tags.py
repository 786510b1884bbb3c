"""The index of help files (`doc/tags`), as Neovim's `:helptags` makes it.

It is made when the package is built: what is installed may be read-only, and not every way to load
a plugin makes it. The build runs this file by itself, so it imports nothing of ours.
"""

from __future__ import annotations

import os
import re
from typing import Final

__all__ = ["help_tags", "write_help_tags"]

_TAG: Final = re.compile(rb"(?:(?<=[ \t])|^)\*([^* \t|]+)\*(?=[ \t\r]|$)", re.MULTILINE)


def help_tags(directory: str) -> bytes:
    """The text of `tags` for the `*.txt` in a directory. Raises `OSError` if they can't be read."""
    lines: list[bytes] = []
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".txt"):
            continue
        with open(os.path.join(directory, name), "rb") as file:
            found: list[bytes] = _TAG.findall(file.read())
        for tag in found:
            pattern = tag.replace(b"\\", rb"\\").replace(b"/", rb"\/")
            lines.append(b"%s\t%s\t/*%s*\n" % (tag, os.fsencode(name), pattern))
    return b"".join(sorted(lines))


def write_help_tags(directory: str) -> bool:
    """Write `tags` if it is not there or not of these files; whether that was so. Or `OSError`."""
    tags = help_tags(directory)
    path = os.path.join(directory, "tags")
    try:
        with open(path, "rb") as file:
            if file.read() == tags:
                return False
    except FileNotFoundError:
        pass
    with open(path, "wb") as file:
        file.write(tags)
    return True
