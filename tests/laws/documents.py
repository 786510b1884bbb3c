"""Tables in the documents that are made from the source: run this to write them anew."""

from __future__ import annotations

import re
from pathlib import Path

from repl_server.dispatch.ops import OPS

__all__ = ["SERVER_README", "op_table", "with_ops"]

SERVER_README = Path(__file__).parents[2] / "server" / "README.md"

_OPS = re.compile(r"(<!-- ops: [^\n]*-->\n).*(<!-- end of ops -->)", re.DOTALL)


def op_table() -> str:
    """Every op: what it does, its keys, its replies."""
    lines: list[str] = []
    for name, op in OPS.items():
        lines += ["", f"### {name}", "", op.doc, ""]
        for title, keys in (
            ("needs", op.requires),
            ("takes", op.optional),
            ("answers", op.returns),
        ):
            lines += [f"- {title} `{key}`: {doc}" for key, doc in keys.items()]
    return "\n".join([*lines[1:], ""])


def with_ops(text: str) -> str:
    """A document with the table of ops in its place."""
    return _OPS.sub(lambda match: f"{match[1]}\n{op_table()}\n{match[2]}", text)


if __name__ == "__main__":
    SERVER_README.write_text(with_ops(SERVER_README.read_text("utf-8")), "utf-8")
