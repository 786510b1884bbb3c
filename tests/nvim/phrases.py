"""What the acceptance tests type into a buffer, in each language, as data."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["PHRASES", "Phrases", "Place"]


class Place(NamedTuple):
    """A buffer's text, with `‸` where the cursor is, and what comes of sending a part of it."""

    text: str
    row: int
    """The row, from 0, that the value is beside."""
    value: str = "42"


class Phrases(NamedTuple):
    """What is said in a language."""

    units: Mapping[str, Place]
    """For each unit, a text of which just that has the value."""
    inside: Place
    """A text with the cursor at the bracket that opens what has the value."""
    define: str
    """Code that gives `answer` the value `{}`."""
    comment: str
    """A comment with the text `{}`."""
    elsewhere: str
    """A file that is loaded into the program and that is in a namespace of its own; or empty."""
    head: str
    """How a buffer of a namespace of its own begins, where the text says it."""
    called: str
    """Code that calls `twice` with 21."""
    waiting: tuple[str, ...]
    """Lines whose last has the value 42 as soon as there is a file `{}`."""


_PYTHON: Final = Phrases(
    units={
        "form": Place("if False:\n    40 +‸ 2\n    1\n", 1),
        "root": Place("x = 1\nsum([\n    40,\n  ‸  2,\n])\n3\n", 4),
        "line": Place("1\n40 +‸ 2\n3\n", 1),
        "word": Place("[ans‸wer, 1]\n", 0, "7"),
        "paragraph": Place("1\n\nx = 40\nx +‸ 2\n\n3\n", 3),
        "cell": Place("# %%\n1\n\n# %%\nx = 4‸0\n\nx + 2\n\n# %%\n3\n", 6),
        "buffer": Place("x = 4‸0\n\nx + 2\n", 2),
    },
    inside=Place("print(1, ‸(40 + 2))\n", 0),
    define="answer = {}",
    comment="# {}",
    elsewhere=colorsys.__file__,
    head="",
    called="twice(21)",
    waiting=(
        "import os, time",
        "while not os.path.exists('{}'):",
        "    time.sleep(0.01)",
        "40 + 2",
    ),
)


def _lisp(*, define: str, false: str, head: str, waiting: tuple[str, ...]) -> Phrases:
    """Those of a Lisp, by the little that differs."""
    return Phrases(
        units={
            "form": Place(f"(if {false}\n  (+ ‸40 2)\n  1)\n", 1),
            "root": Place("1\n(apply + (list\n  40\n ‸ 2))\n3\n", 3),
            "line": Place("1\n(+ ‸40 2)\n3\n", 1),
            "word": Place("(list ans‸wer 1)\n", 0, "7"),
            "paragraph": Place(f"1\n\n({define} x 40)\n(+ ‸x 2)\n\n3\n", 3),
            "cell": Place(f";; %%\n1\n\n;; %%\n({define} ‸x 40)\n\n(+ x 2)\n\n;; %%\n3\n", 6),
            "buffer": Place(f"({define} ‸x 40)\n\n(+ x 2)\n", 2),
        },
        inside=Place("(list 1 ‸(+ 40 2))\n", 0),
        define=f"({define} answer {{}})",
        comment=";; {}",
        elsewhere="",
        head=head,
        called="(twice 21)",
        waiting=waiting,
    )


_GUILE: Final = _lisp(
    define="define",
    false="#f",
    head="(define-module (ice-9 rdelim))",
    waiting=(
        "(let wait ()",
        '  (if (file-exists? "{}")',
        "      (+ 40 2)",
        "      (begin (usleep 10000) (wait))))",
    ),
)

_CLOJURE: Final = _lisp(
    define="def",
    false="false",
    head="(ns clojure.string)",
    waiting=(
        "(loop []",
        '  (if (.exists (java.io.File. "{}"))',
        "    (+ 40 2)",
        "    (do (Thread/sleep 10) (recur))))",
    ),
)

PHRASES: Final[Mapping[str, Phrases]] = {
    "python": _PYTHON,
    "scheme": _GUILE,
    "clojure": _CLOJURE,
}
"""By filetype."""
