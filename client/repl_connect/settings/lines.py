"""In which line of a TOML text a key stands, which `tomllib` does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["key_lines"]

_PIECE: Final = re.compile(
    r'''
      (?P<text>"""(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5}
             | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<comment>\#[^\n]*)
    | (?P<bare>[A-Za-z0-9_-]+)
    | (?P<newline>\n)
    | (?P<mark>[][{}=.,])
    | [^\n]
    ''',
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line (from 1) where each table and each key of a valid TOML text first stands.

    Keys within inline tables are not listed: they stand where the table stands, or below.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for line, pieces in _statements(text):
        header = pieces[0] == "["
        name: list[str] = []
        for piece in pieces:
            if piece == "=" or (piece == "]" and name):
                break
            if piece not in "[.":
                name.append(_name(piece))
        path = tuple(name) if header else (*table, *name)
        if header:
            table = path
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """The pieces of each `key = value` and each header, with the line it starts in."""
    line, start, depth = 1, 1, 0
    pieces: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match.lastgroup in ("text", "bare", "mark"):
            if not pieces:
                start = line
            pieces.append(piece)
            depth += (piece in "[{") - (piece in "]}") if match.lastgroup == "mark" else 0
        if match.lastgroup == "newline" and depth <= 0:
            if pieces:
                yield start, pieces
            pieces, depth = [], 0
        line += piece.count("\n")
    if pieces:
        yield start, pieces


def _name(piece: str) -> str:
    if piece[0] == "'":
        return piece[1:-1]
    if piece[0] != '"':
        return piece
    import tomllib

    return str(tomllib.loads(f"name = {piece}")["name"])
