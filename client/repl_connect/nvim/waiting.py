"""Evaluations that were asked for while their connection was still being made."""

from __future__ import annotations

from typing import Final

from repl_connect.nvim.requests import Evaluate

__all__ = ["Waiting"]

_MOST: Final = 100  # of one connection
_MOST_CHARACTERS: Final = 16 * 1024 * 1024  # of all of them


class Waiting:
    """What waits, by the connection's number, in the order in which it came."""

    def __init__(self) -> None:
        self._requests: dict[int, list[Evaluate]] = {}

    def add(self, connection: int, request: Evaluate) -> bool:
        """Keep one, unless there are too many: whether it is kept."""
        requests = self._requests.setdefault(connection, [])
        size = sum(len(each.text) + len(each.code) for each in (*requests, request))
        if len(requests) >= _MOST or (requests and size > _MOST_CHARACTERS):
            return False
        requests.append(request)
        return True

    def take(self, connection: int) -> list[Evaluate]:
        """All that wait for a connection, which do so no more."""
        return self._requests.pop(connection, [])
