"""Tables of text for the command line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table_lines"]


def table_lines(rows: Sequence[Sequence[str]], *, texts: int | None = None) -> list[str]:
    """The rows, of which the first is the header, with their columns below each other.

    The first `texts` columns begin at their left, those behind them are numbers; without it all
    are texts.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if texts is None or index < texts else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
