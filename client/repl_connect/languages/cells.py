"""Cells: the parts of a file between comments that begin with `%%`, as in `# %%` or `;; %%`."""

from __future__ import annotations

import re

from repl_connect.languages.spans import without_blanks

__all__ = ["cell_at"]


def cell_at(text: str, position: int, prefix: str) -> tuple[int, int] | None:
    """The code of the cell that a position is in, without the blanks around it.

    `prefix` is the language's comment prefix; a marker may have its character any number of times,
    and is at the start of a line. A marker belongs to the cell below it, what is before the first
    one is a cell too. None if there is no marker, or nothing in the cell.
    """
    if not prefix:
        return None
    marker = re.compile(rf"^{re.escape(prefix[0])}+[ \t]*%%[^\n]*", re.MULTILINE)
    start, end = 0, len(text)
    found = False
    for match in marker.finditer(text):
        found = True
        if match.start() > position:
            end = match.start()
            break
        start = match.end()
    return without_blanks(text, start, end) if found else None
