r"""The files of `golden/`: bytes, and the messages that they are, for every codec there is.

Each is a JSON object: `about`; and `said`, a list of objects with `from` (client or server),
`bytes` (text of which each character is a byte) and `messages`. `"canonical": false`: the messages
are not written as these bytes. `"malformed": true`: the messages are those before the mistake. In a
message, text has surrogate escapes (`\udcff`) for bytes that are no UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FILES", "GOLDEN", "Said", "read_exchange", "write_exchange"]

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


class Said(NamedTuple):
    """What one side has said at once."""

    by: str
    data: bytes
    messages: list[dict[str, Any]]
    canonical: bool = True
    malformed: bool = False


def read_exchange(path: Path) -> list[Said]:
    """What was said."""
    return [
        Said(
            each["from"],
            each["bytes"].encode("latin-1"),
            each["messages"],
            each.get("canonical", True),
            each.get("malformed", False),
        )
        for each in json.loads(path.read_text("ascii"))["said"]
    ]


def write_exchange(path: Path, about: str, said: Sequence[Said]) -> None:
    """Keep it."""
    rows = []
    for each in said:
        row: dict[str, Any] = {"from": each.by, "bytes": each.data.decode("latin-1")}
        row["messages"] = each.messages
        if not each.canonical:
            row["canonical"] = False
        if each.malformed:
            row["malformed"] = True
        rows.append(json.dumps(row))
    text = ",\n".join(rows)
    path.write_text(f'{{"about": {json.dumps(about)}, "said": [\n{text}\n]}}\n', "ascii")
