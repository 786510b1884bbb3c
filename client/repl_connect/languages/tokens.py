"""What tokens say in any language: which bracket closes which, and what a position is in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from repl_connect.languages.language import Bracket

__all__ = ["CLOSERS", "Token", "pair", "shared_prefix", "starting_before"]

CLOSERS: Final[Mapping[str, str]] = {"(": ")", "[": "]", "{": "}"}
"""What closes each bracket."""


Token = tuple[str, int, int]
"""What a token is, in words of its language's module, and its start and its end."""


def starting_before(tokens: Sequence[Token], position: int) -> Token | None:
    """The last of the tokens that start before a position."""
    index = bisect_left(tokens, position, key=lambda token: token[1])
    return tokens[index - 1] if index else None


def shared_prefix(one: str, other: str) -> int:
    """How many characters two texts have in common at their start."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def pair(text: str, positions: Iterable[int]) -> list[Bracket]:
    """Pair the brackets at some positions of a text, in their order.

    A closing bracket closes the innermost open one of its kind; those inside of that one stay
    without a partner. If none of its kind is open it has no partner, and the rest goes on as if it
    weren't there.
    """
    found: list[Bracket] = []
    opens: list[int] = []
    wanted = {")": 0, "]": 0, "}": 0}
    for position in positions:
        closer = CLOSERS.get(text[position])
        if closer is not None:
            wanted[closer] += 1
            found.append(Bracket(position, len(opens), None))
            opens.append(len(found) - 1)
            continue
        closer = text[position]
        if not wanted[closer]:
            found.append(Bracket(position, max(len(opens) - 1, 0), None))
            continue
        while True:
            index = opens.pop()
            opener = found[index].position
            wanted[CLOSERS[text[opener]]] -= 1
            if CLOSERS[text[opener]] == closer:
                break
        found[index] = Bracket(opener, len(opens), position)
        found.append(Bracket(position, len(opens), opener))
    return found
