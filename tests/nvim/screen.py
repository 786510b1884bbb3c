"""Neovim on a terminal, for the tests that look at the screen itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nvim.isolated import Isolated
from terminal import Terminal

__all__ = ["on_terminal"]


@contextmanager
def on_terminal(
    program: Path,
    *,
    arguments: Sequence[str] = (),
    columns: int = 100,
    rows: int = 30,
    **options: Any,
) -> Iterator[tuple[Terminal, Isolated]]:
    """A Neovim as a user has it, in a home of its own (`Isolated`'s `options`).

    It is killed in the end. Files are named relative to the home's `project`.
    """
    with tempfile.TemporaryDirectory(prefix="rc-nvim-", ignore_cleanup_errors=True) as directory:
        isolated = Isolated(Path(directory), **options)
        with Terminal(
            [str(program), *arguments],
            environment=isolated.variables,
            columns=columns,
            rows=rows,
            directory=str(isolated.project),
        ) as terminal:
            yield terminal, isolated
