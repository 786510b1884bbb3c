"""SBCL's plain REPL: each has a process of its own connection, and an image that they share."""

from __future__ import annotations

from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject

__all__ = ["PHRASES", "SUBJECTS", "start_each", "start_shared"]

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(defparameter a 1)\n(+ a 1)\n"two"',
    values=("A", "2", '"two"'),
    define="(defparameter answer 7)",
    read="answer",
    print='(progn (princ "hel") (write-line "lo") (values))',
    slow='(progn (format t "go~a~%" "ing") (loop))',
    warn='(format *error-output* "bew~a~%" "are")',
    fail="(defun |broken| (x) (+ 1 (car x))) (|broken| 1)",
    error="is not of type",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte="(loop repeat 20000 do (write-line (make-string 51 :initial-element #\\x)))",
    ask="(values (read-line))",
    blue='"blue"',
    elsewhere=("SB-MOP", "(if (fboundp 'class-slots) 42 0)"),
    enter="(in-package :sb-mop)",
    missing="NO-SUCH-PACKAGE",
    file=";; a file\n\n(defun broken (x)\n  (+ 1 (car x)))\n(+ 1 (broken 1))\n",
    begun="mapca",
    completed="mapcar",
    documented="mapcar",
    documentation="FUNCTION",
)

_SBCL = ("sbcl", "--noinform", "--no-userinit")


def start_each(directory: Path) -> Process:
    """`socat`, with an SBCL of its own for each connection."""
    address = str(directory / "each.sock")
    return Process(
        ["socat", f"UNIX-LISTEN:{address},fork", f"EXEC:{' '.join(_SBCL)},stderr"],
        address,
        directory=directory,
    )


def start_shared(directory: Path) -> Process:
    """One image, with a thread for each connection."""
    address = str(directory / "shared.sock")
    program = Path(__file__).parents[1] / "programs" / "sbcl_shared.lisp"
    return Process(
        ["env", f"ADDRESS={address}", *_SBCL, "--load", str(program)],
        address,
        directory=directory,
    )


SUBJECTS = (
    Subject(
        name="SBCL, a process each",
        dialect="sbcl",
        greeting="SBCL",
        needs=("sbcl", "socat"),
        start=start_each,
        phrases=PHRASES,
        supports=frozenset(FEATURES) - {"clients"},
        notes={"clients": "each has a process of its own"},
    ),
    Subject(
        name="SBCL, shared image",
        dialect="sbcl",
        greeting="SBCL",
        needs=("sbcl",),
        start=start_shared,
        phrases=PHRASES,
        supports=frozenset(FEATURES),
    ),
)
