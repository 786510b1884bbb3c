"""Guile, cooperative and threaded."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from pathlib import Path

from adapters.subject import FEATURES, Phrases, Subject
from guile.programs import GuileProgram

__all__ = ["SUBJECTS"]

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(define a 1)\n(+ a 1)\n"two"',
    values=("2", '"two"'),
    define="(define answer 7)",
    read="answer",
    print='(begin (display "hel") (display "lo\\n"))',
    slow='(begin (display "go") (display "ing\\n") (let lp () (lp)))',
    warn='(begin (display "bew" (current-error-port)) (display "are\\n" (current-error-port)))',
    fail="(define (broken) (+ 1 (car 1))) (broken)",
    error="In procedure car: Wrong type",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte="(do ((i 0 (1+ i))) ((= i 20000)) (display (make-string 51 #\\x)) (newline))",
    ask="(begin (use-modules (ice-9 rdelim)) (read-line))",
    blue='"blue"',
    elsewhere=("(ice-9 rdelim)", "(if (procedure? read-delimited) 42 0)"),
    enter="(set-current-module (resolve-module '(ice-9 rdelim)))",
    missing="(no such module)",
    file=";; a file\n\n(define (broken)\n  (+ 1 (car 1)))\n(+ 1 (broken))\n",
    begun="call-with-prom",
    completed="call-with-prompt",
    documented="string-append",
    documentation="concatenation",
)


def _start(directory: Path, *, cooperative: bool) -> GuileProgram:
    program = GuileProgram(directory, cooperative=cooperative, pause=0.02)
    assert program.process.stdout is not None
    stdout = program.process.stdout

    def drain() -> None:
        """Read what the program prints, so that it never waits for that."""
        with contextlib.suppress(ValueError):  # it is closed at the end
            while stdout.read(4096):
                pass

    threading.Thread(target=drain, daemon=True).start()
    return program


SUBJECTS = tuple(
    Subject(
        name=f"Guile, {mode}",
        dialect="guile",
        greeting=f"{mode}, upgraded",
        needs=("guile",),
        start=partial(_start, cooperative=mode == "cooperative"),
        phrases=PHRASES,
        supports=frozenset(FEATURES),
        notes={"clients": "one evaluates at a time"} if mode == "cooperative" else {},
    )
    for mode in ("cooperative", "threaded")
)
