"""Choosing from candidates that are there already, as more of a name is typed."""

from __future__ import annotations

from collections.abc import Iterable

from repl_connect.session import Candidate

__all__ = ["refined"]


def refined(candidates: Iterable[Candidate], word: str) -> tuple[Candidate, ...]:
    """The candidates that the word may be meant for, the likeliest first.

    First those that begin with it, then those that do so in other case, then those that have its
    characters in their order (`gattr` for `getattr`), the closest together first. What is before
    the word's last dot has to be the same.
    """
    head, dot, begun = word.rpartition(".")
    head += dot
    ranked = []
    for number, candidate in enumerate(candidates):
        if candidate.text.startswith(head):
            rank = _rank(candidate.text[len(head) :], begun)
            if rank is not None:
                ranked.append((rank, number, candidate))
    return tuple(candidate for _, _, candidate in sorted(ranked, key=lambda each: each[:2]))


def _rank(name: str, begun: str) -> tuple[int, int, int] | None:
    """How well a name fits, the lowest best; None if it does not."""
    if name.startswith(begun):
        return (0, 0, 0)
    name, begun = name.lower(), begun.lower()
    if name.startswith(begun):
        return (1, 0, 0)
    start = name.find(begun[0])
    position = start
    for character in begun:
        position = name.find(character, position) + 1
        if not position:
            return None
    return (2, position - start, start)
