"""SBCL with Swank, SLIME's server."""

from __future__ import annotations

from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject, free_port

__all__ = ["LOADER", "PHRASES", "SUBJECTS", "start"]

LOADER = "/usr/share/common-lisp/source/slime/swank-loader.lisp"

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(defparameter a 1)\n(+ a 1)\n"two"',
    values=("A", "2", '"two"'),
    define="(defparameter answer 7)",
    read="answer",
    print='(progn (princ "hel") (format t "lo~%") (values))',
    slow='(progn (princ "go") (format t "ing~%") (loop))',
    warn='(progn (princ "bew" *error-output*) (format *error-output* "are~%"))',
    fail='(defun broken () (+ 1 (/ 1 (length "")))) (broken)',
    error="DIVISION-BY-ZERO",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte='(dotimes (i 20000) (format t "~A~%" (make-string 51 :initial-element #\\x)))',
    ask="(values (read-line))",
    blue='"blue"',
    elsewhere=("SWANK", "(if (fboundp 'create-server) 42 0)"),
    enter="(in-package :swank)",
    missing="NO-SUCH-PACKAGE",
    file=';; a file\n\n(defun broken ()\n  (+ 1 (/ 1 (length ""))))\n(broken)\n',
    begun="multiple-value-b",
    completed="multiple-value-bind",
    documented="mapcar",
    documentation="more-lists",
)


def start(directory: Path, *, after: str = "nil") -> Process:
    """SBCL with a Swank server; `after` is evaluated when Swank is loaded."""
    port = free_port()
    return Process(
        [
            *("sbcl", "--noinform", "--disable-debugger", "--no-userinit"),
            *("--eval", "(require :asdf)", "--load", LOADER),
            *("--eval", '(funcall (intern "INIT" :swank-loader))', "--eval", after),
            "--eval",
            f'(funcall (intern "CREATE-SERVER" :swank) :port {port} :dont-close t)',
            *("--eval", "(loop (sleep 3600))"),
        ],
        f"127.0.0.1:{port}",
        directory=directory,
    )


SUBJECTS = (
    Subject(
        name="Common Lisp, Swank",
        dialect="swank",
        greeting="Swank 2",
        needs=("sbcl", LOADER),
        start=start,
        phrases=PHRASES,
        supports=frozenset(FEATURES),
        notes={"clients": "each has a thread; sessions of one client take turns"},
    ),
)
