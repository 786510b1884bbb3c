"""Which test runs which block of the documents, and which blocks are not run.

A test says by `@shows(KEY, ...)` which blocks it runs, and gets them as `shown`. That each block of
each document is in one such test, or in `NOT_RUN` with a reason, is looked after in
`test_every_block.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from documents.reading import Block, blocks_of

__all__ = ["DOCUMENTS", "NOT_RUN", "ROOT", "all_blocks", "block", "shows", "text_of"]

ROOT: Final = Path(__file__).parents[2]

DOCUMENTS: Final = (
    "README.md",
    "client/README.md",
    "client/PARTNERS.md",
    "client/DASHBOARD.md",
    "client/ADAPTERS.md",
    "server/README.md",
    "editors/emacs/README.md",
    "editors/nvim/doc/repl-connect.txt",
)

NOT_RUN: Final[Mapping[str, str]] = {
    "README.md#test": "it installs Debian packages, and runs these tests",
    "README.md#how-it-is-built": "a drawing",
    "client/DASHBOARD.md#in-a-browser": "textual-serve is no dependency, not even of the tests",
    "editors/emacs/README.md#installation (2)": "it clones a repository; test_install.py gives "
    "such lines to stand-ins of the three package managers",
}
"""The blocks that no test runs, and why."""


@cache
def text_of(document: str) -> str:
    """The text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


@cache
def all_blocks() -> Mapping[str, Block]:
    """Every block of every document, by its key."""
    return {
        each.key: each for document in DOCUMENTS for each in blocks_of(document, text_of(document))
    }


def block(key: str) -> Block:
    """A block of a document, by its key.

    :raises LookupError: the document has no such block (any more)
    """
    if key not in all_blocks():
        near = [each for each in all_blocks() if each.startswith(key.partition("#")[0])]
        raise LookupError(f"There is no block {key}; there are: {', '.join(near)}")
    return all_blocks()[key]


def shows(*keys: str) -> pytest.MarkDecorator:
    """For a test that runs these blocks: it gets them as the argument `shown`, a list."""
    return pytest.mark.parametrize("shown", [[block(key) for key in keys]], ids=[keys[0]])
