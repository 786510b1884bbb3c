"""Racket, with ports that show a prompt and with ports that show nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject, free_port

__all__ = ["PROGRAM", "SUBJECTS", "start"]

PROGRAM = Path(__file__).parent.parent / "programs" / "racket_repl.rkt"

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(define a 1)\n(values a (+ a 1))\n"two"',
    values=("1", "2", '"two"'),
    define="(define answer 7)",
    read="answer",
    print='(begin (display "hel") (display "lo\\n"))',
    slow='(begin (display "go") (display "ing\\n") (let loop () (loop)))',
    warn='(begin (display "bew" (current-error-port)) (display "are\\n" (current-error-port)))',
    fail="(define (broken) (add1 (hash-ref 1 2))) (add1 (broken))",
    error="hash-ref: contract violation",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte="(for ([i 20000]) (display (make-string 51 #\\x)) (newline))",
    ask="(read-line)",
    blue='"blue"',
    elsewhere=("'game", "(if (procedure? score) secret 0)"),
    enter="(current-namespace (module->namespace ''game))",
    missing="no/such/module",
    file="; a file\n\n(define (broken)\n  (add1 (hash-ref 1 2)))\n(add1 (broken))\n",
    begun="call-with-escape-c",
    completed="call-with-escape-continuation",
    documented="hash-ref",
    documentation="(hash-ref _ _",
)


def start(directory: Path, *, buffering: str = "none") -> Process:
    """The program; `buffering` is `none` or `block`."""
    port = free_port()
    return Process(
        ["racket", str(PROGRAM), str(port), buffering], f"127.0.0.1:{port}", directory=directory
    )


SUBJECTS = tuple(
    Subject(
        name=name,
        dialect="racket",
        greeting="Racket 8",
        needs=("racket",),
        start=partial(start, buffering=buffering),
        phrases=PHRASES,
        supports=frozenset(FEATURES),
        notes={"lookup": "how many arguments and where, no documentation"},
    )
    for name, buffering in (("Racket", "none"), ("Racket, buffered", "block"))
)
