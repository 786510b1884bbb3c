"""What is used for long, by name, and how often.

A day is a connection each 10 s by each of four clients: 34,560 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from soak.clients import client, guile, plain, prompt
from soak.edited import emacs, neovim
from soak.figures import Use
from soak.servers import bridge, server

__all__ = ["DAY", "SUBJECTS", "Subject"]

DAY: Final = 4 * 86_400 // 10
"""Connections in a day."""

_MILLION: Final = 1_000_000


class Subject(NamedTuple):
    """How it is opened in a directory of its own, and how often it is used in a full run."""

    open: Callable[[Path], AbstractContextManager[Use]]
    evaluations: int
    connections: int


SUBJECTS: Final[Mapping[str, Subject]] = {
    "server, threads": Subject(partial(server, "threads"), _MILLION, DAY),
    "server, cooperative": Subject(partial(server, "cooperative"), _MILLION, DAY),
    "server, asyncio": Subject(partial(server, "asyncio"), _MILLION, DAY),
    "bridge": Subject(bridge, 200_000, 10_000),
    "client, its link": Subject(partial(client, "link"), 200_000, 5_000),
    "client, reconnecting": Subject(partial(client, "conversation"), 20_000, 2_000),
    "prompt, terminal": Subject(prompt, 10_000, 0),
    "prompt, pipe": Subject(plain, 30_000, 0),
    "Guile, cooperative": Subject(partial(guile, "cooperative"), 30_000, 0),
    "Guile, threaded": Subject(partial(guile, "threaded"), 20_000, 100),
    "client of Guile": Subject(partial(guile, "client"), 20_000, 100),
    "Neovim": Subject(partial(neovim, "itself"), 10_000, 0),
    "Neovim's host": Subject(partial(neovim, "host"), 10_000, 0),
    "Emacs": Subject(emacs, 20_000, 0),
}
