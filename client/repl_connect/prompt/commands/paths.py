"""Names of files, as arguments."""

from __future__ import annotations

import os
from collections.abc import Iterator

__all__ = ["complete_path"]


def complete_path(argument: str) -> Iterator[str]:
    """The files that the last word of the argument is the beginning of; directories end in `/`."""
    typed = argument.rpartition(" ")[2]
    directory, _, start = typed.rpartition("/")
    written = typed[: len(typed) - len(start)]
    place = os.path.expanduser(directory) if directory else "/" if typed.startswith("/") else "."
    try:
        with os.scandir(place) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return
    for name, is_directory in found:
        if name.startswith(start) and (start.startswith(".") or not name.startswith(".")):
            yield written + name + ("/" if is_directory else "")
