"""Tables in the documents that are made from the source: run this to write them anew."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path

from repl_connect.languages import language_named
from repl_connect.prompt.commands.table import GROUPS
from repl_connect.prompt.editing.actions import key_table
from repl_connect.prompt.look.style import STYLE_CLASSES
from repl_connect.settings.document import option_table
from repl_server.dispatch.ops import OPS

__all__ = ["DOCUMENTS", "with_tables"]

_ROOT = Path(__file__).parents[2]
_TABLE = re.compile(r"(<!-- (\w+): [^\n]*-->\n).*?(<!-- end of \2 -->)", re.DOTALL)


def _ops() -> str:
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


def _commands() -> str:
    """Every command of the prompt, under the titles of its help."""
    guile = language_named("guile")
    lines: list[str] = []
    for title, commands in GROUPS:
        lines += ["", f"**{title}**", "", "| | |", "| --- | --- |"]
        for command in commands:
            usage = ", ".join(f"`,{name}`" for name in command.all_names)
            theirs = [name for name in command.all_names if name not in command.names_in(guile)]
            note = f" (in Guile {', '.join(f'`,{name}`' for name in theirs)} is Guile's own)"
            argument = f" {command.argument}" if command.argument else ""
            doc = command.doc + (note if theirs else "")
            lines.append(_row(usage + argument, doc))
    return "\n".join([*lines, ""])


def _keys() -> str:
    """Every key of the prompt that is ours, and the id to give it others by."""
    lines: list[str] = []
    for title, rows in groupby(key_table({}), key=lambda row: row.group):
        lines += [
            "",
            f"**{title}**",
            "",
            "| keys | vi keys | | action |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            _row(", ".join(row.keys), ", ".join(row.vi), row.doc, f"`{row.id}`") for row in rows
        ]
    return "\n".join([*lines, ""])


def _classes() -> str:
    """The names that `[colors]` can have."""
    return "\n" + ", ".join(f"`{name}`" for name in sorted(STYLE_CLASSES)) + ".\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _adapters() -> str:
    """What each REPL that is adapted supports, as the acceptance suite has it."""
    from adapters.subject import FEATURES
    from adapters.subjects import SUBJECTS

    lines = [
        "",
        _row("", *(f"{number}" for number in range(1, len(FEATURES) + 1))),
        _row("---", *("---" for _ in FEATURES)),
    ]
    notes: list[str] = []
    for subject in SUBJECTS:
        cells = []
        for feature in FEATURES:
            cell = "yes" if feature in subject.supports else "-"
            if feature in subject.notes:
                note = f"{feature}: {subject.notes[feature]}"
                if note not in notes:
                    notes.append(note)
                cell += f" ({notes.index(note) + 1})"
            cells.append(cell)
        lines.append(_row(subject.name, *cells))
    features = (f"{number} {doc}" for number, doc in enumerate(FEATURES.values(), 1))
    lines += ["", "; ".join(features) + "."]
    lines += ["", "; ".join(f"({number}) {note}" for number, note in enumerate(notes, 1)) + "."]
    return "\n".join([*lines, ""])


def _measured(name: str) -> str:
    """What the last run of the measurements has found."""
    from bench.tables import TABLES

    return TABLES[name]()


_TABLES: Mapping[str, Callable[[], str]] = {
    "ops": _ops,
    "commands": _commands,
    "keys": _keys,
    "options": lambda: "\n" + option_table(),
    "classes": _classes,
    "adapters": _adapters,
    **{name: partial(_measured, name) for name in ("machine", "targets", "measured", "speed")},
}

DOCUMENTS = (
    _ROOT / "server" / "README.md",
    _ROOT / "client" / "README.md",
    _ROOT / "client" / "ADAPTERS.md",
    _ROOT / "tests" / "bench" / "SPEED.md",
    _ROOT / "README.md",
)
"""The documents with such tables."""


def with_tables(text: str) -> str:
    """A document with its tables in their places."""
    return _TABLE.sub(lambda match: f"{match[1]}{_TABLES[match[2]]()}\n{match[3]}", text)


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT / "tests"))
    for document in DOCUMENTS:
        document.write_text(with_tables(document.read_text("utf-8")), "utf-8")
