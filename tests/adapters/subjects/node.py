"""Node's `repl`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject

__all__ = ["PHRASES", "SUBJECTS", "start_node"]

_PROGRAM = Path(__file__).parent.parent / "programs" / "node_repl.js"

PHRASES = Phrases(
    sum="40 + 2",
    forty_two="42",
    forms='var a = 1\na + 1\n"two"',
    values=("'two'",),
    define="shared.answer = 7",
    read="shared.answer",
    print='process.stdout.write("hel"); console.log("lo")',
    slow='console.log("go" + "ing"); await new Promise(() => setInterval(() => {}, 1000))',
    warn='console.error("bew" + "are")',
    fail="function broken() { return null.x }\nbroken()",
    error="Cannot read properties of null",
    unbalanced="(1 +",
    text='"schön ✓ 🐍"',
    shown_text="'schön ✓ 🐍'",
    megabyte='for (let i = 0; i < 20000; i++) console.log("x".repeat(51))',
    ask="",
    blue="",
    elsewhere=("", ""),
    enter="",
    missing="",
    file="// a file\n\nfunction broken() { return null.x }\n\nbroken()\n",
    begun="encodeURIComp",
    completed="encodeURIComponent",
    documented="require",
    documentation="path",
)


def start_node(directory: Path, kind: str = "") -> Process:
    """A program that serves Node REPLs of a kind (`programs/node_repl.js`)."""
    path = str(directory / "node.sock")
    return Process(["node", str(_PROGRAM), path, kind], path, directory=directory)


SUBJECTS = tuple(
    Subject(
        name=name,
        dialect="node",
        greeting="upgraded",
        needs=("node",),
        start=partial(start_node, kind=kind),
        phrases=PHRASES,
        supports=frozenset(FEATURES) - {"forms", "input", "namespace", "sessions"},
        notes={
            "forms": "the last one's value, as there",
            "interrupt": "of what waits for a promise; a loop that never waits stops the program",
        },
    )
    for name, kind in (("Node", ""), ("Node, its global context", "global"))
)
