"""Python consoles."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject

__all__ = ["PHRASES", "PROGRAMS", "SUBJECTS", "start_console"]

PROGRAMS = Path(__file__).parent.parent / "programs"

PHRASES = Phrases(
    sum="40 + 2",
    forty_two="42",
    forms="a = 1\na + 1\n'two'",
    values=("2", "'two'"),
    define="answer = 7",
    read="answer",
    print="print('hel', end=''); print('lo')",
    slow="print('go' + 'ing')\nwhile True: pass",
    warn="import sys; print('bew' + 'are', file=sys.stderr)",
    fail="def broken():\n    return 1 / 0\n\nbroken()",
    error="division by zero",
    unbalanced="(1 +",
    text="'schön ✓ 🐍'",
    shown_text="'schön ✓ 🐍'",
    megabyte="for _ in range(20000): print('x' * 51)",
    ask="input()",
    blue="'blue'",
    elsewhere=("threading", "42 if callable(Thread) else 0"),
    enter="",
    missing="no_such_module",
    file="# a file\n\ndef broken(): return 1 / 0\n\nbroken()\n",
    begun="isinst",
    completed="isinstance",
    documented="sorted",
    documentation="ascending order",
)


def start_console(directory: Path, kind: str = "own", python: str = sys.executable) -> Process:
    """A program that serves Python consoles of a kind (`programs/python_console.py`)."""
    path = str(directory / "console.sock")
    command = [python, str(PROGRAMS / "python_console.py"), kind, path]
    return Process(command, path, directory=directory)


_ALL = frozenset(FEATURES) - {"sessions"}
_NOTES = {"namespace": "modules", "sessions": "one namespace, that of the console"}

SUBJECTS = (
    Subject(
        name="Python, InteractiveConsole",
        dialect="python",
        greeting="console, upgraded",
        needs=(),
        start=start_console,
        phrases=PHRASES,
        supports=_ALL,
        notes=_NOTES,
    ),
    Subject(
        name="Python, python -i",
        dialect="python",
        greeting="console, upgraded",
        needs=(),
        start=partial(start_console, kind="process"),
        phrases=PHRASES._replace(define="", read="3 + 4"),
        supports=_ALL,
        notes={**_NOTES, "clients": "each has a process of its own"},
    ),
    Subject(
        name="Python, standard streams by thread",
        dialect="python",
        greeting="console, upgraded, no interrupt",
        needs=(),
        start=partial(start_console, kind="standard"),
        phrases=PHRASES,
        supports=_ALL - {"input", "interrupt", "busy"},
        notes=_NOTES,
    ),
)
