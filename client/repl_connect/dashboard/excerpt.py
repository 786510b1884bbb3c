"""The end of a text that fits into a number of rows."""

from __future__ import annotations

from rich.cells import chop_cells

__all__ = ["excerpt"]


def excerpt(text: str, width: int, rows: int) -> tuple[list[str], bool]:
    """The last rows of a text, and whether that is not all of it.

    A line longer than `width` columns goes on in the next row. Only what is shown is looked at, so
    a text of any size costs the same.
    """
    found: list[str] = []  # from the last row up
    end = len(text.rstrip("\n"))
    if rows <= 0 or width <= 0:
        return [], end > 0
    whole = True
    while end > 0 and len(found) < rows:
        start = text.rfind("\n", 0, end) + 1
        # Of a line that is too long its start is shown: a value is known by that.
        pieces = chop_cells(text[start : min(end, start + rows * width)].expandtabs(), width)
        if len(pieces) > rows or end - start > rows * width:
            pieces = pieces[:rows]
            pieces[-1] = pieces[-1][: width - 1] + "…"
            whole = False
        found += reversed(pieces or [""])
        end = start - 1
    whole = whole and end <= 0 and len(found) <= rows
    return found[:rows][::-1], not whole
