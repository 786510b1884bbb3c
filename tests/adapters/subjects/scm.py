"""SCM, a process for each connection."""

from __future__ import annotations

from pathlib import Path

from adapters.subject import Phrases, Process, Subject, free_port

__all__ = ["SUBJECTS", "start"]

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(define a 1)\n(values a (+ a 1))\n"two"',
    values=("1", "2", '"two"'),
    define="(define answer 7)",
    read="answer",
    print='(begin (display "hel") (display "lo") (newline))',
    slow='(begin (display "go") (display "ing") (newline) (let lp () (lp)))',
    warn='(begin (display "bew" (current-error-port)) (display "are" (current-error-port)))',
    fail="(define (broken) (+ 1 (car 1))) (broken)",
    error="car: Wrong type in arg1 1",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte="(do ((i 0 (+ i 1))) ((= i 20000)) (display (make-string 51 #\\x)) (newline))",
    ask="(read-line)",
    blue='"blue"',
    elsewhere=("", ""),
    enter="",
    missing="",
    file=";; a file\n\n(define (broken)\n  (+ 1 (car 1)))\n(+ 1 (broken))\n",
    begun="",
    completed="",
    documented="warn",
    documentation="(warn . args)",
)


def start(directory: Path) -> Process:
    """A listener that starts an SCM for whoever connects."""
    port = free_port()
    return Process(
        ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", "EXEC:scm -i,stderr"],
        f"127.0.0.1:{port}",
        directory=directory,
    )


SUBJECTS = (
    Subject(
        name="SCM",
        dialect="scm",
        greeting="SCM 5",
        needs=("scm", "socat"),
        start=start,
        phrases=PHRASES,
        supports=frozenset(
            {
                "values",
                "forms",
                "output",
                "stderr",
                "errors",
                "unbalanced",
                "text",
                "input",
                "interrupt",
                "load-file",
                "lookup",
            }
        ),
        notes={
            "clients": "each has a process of its own",
            "load-file": "no line numbers",
            "lookup": "arguments of procedures written in Scheme",
        },
    ),
)
