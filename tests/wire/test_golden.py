"""The recorded exchanges mean here what they mean to every other codec: see `golden_files.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from wire.golden_files import FILES, read_exchange
from wire.messages import decode_chunks

from repl_server.wire import encode

SPLITS: Final = 3000
"""So many at most are tried of what is long."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bytes_and_messages(path: Path) -> None:
    for said in read_exchange(path):
        expected = (said.messages, "malformed" if said.malformed else "between")
        for at in range(0, len(said.data) + 1, 1 + len(said.data) // SPLITS):
            found, end = decode_chunks([said.data[:at], said.data[at:]])
            end = end.replace("too-large", "malformed")
            assert (found, end) == expected, (said.data, at)
        if said.canonical and not said.malformed:
            assert b"".join(map(encode, said.messages)) == said.data
