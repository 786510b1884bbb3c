"""The same things to say in each language, and what comes of them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLOJURE", "GUILE", "PYTHON", "Words"]


class Words(NamedTuple):
    """What the tests of all languages type, as data."""

    prompt: str
    """The prompt of the namespace one begins in."""
    sum: str
    """Code whose value is 42."""
    value: str
    """How 42 is shown when it is the first value of a session."""
    lines: tuple[str, ...]
    """The lines of a definition of `twice`; the prompt indents them."""
    twice: str
    """Code that calls it with 21."""
    define: str
    """Code that gives `answer` the value 7."""
    read: str
    """Code whose value is that of `answer`."""
    print: str
    """Code that prints `hello` on a line, without it in its own text."""
    warn: str
    """Code that prints `beware` on standard error."""
    fail: str
    """Code that raises an error."""
    error: str
    """What is said of that error."""
    forever: str
    """Code that prints `going` and does not end."""
    ask: str
    """Code whose value is a line of input."""
    asked: str
    """Its value, when the line is `blue`."""
    many: str
    """Code whose value has a thousand items, the numbers from 0 on."""
    begun: str
    """The beginning of a name of the language's own."""
    completed: str
    """What it can be completed to; there are others."""
    documented: str
    """A name that has documentation."""
    documentation: str
    """Words of it."""
    incomplete: str
    """A form that is not finished."""
    rest: str
    """What finishes it."""
    finished: str
    """Its value."""
    missing: str
    """What is said of the namespace `no.such.namespace`."""
    elsewhere: tuple[str, str, str]
    """A namespace, the prompt in it, and code whose value is 3 only there."""


PYTHON = Words(
    prompt="__main__>",
    sum="40 + 2",
    value="42",
    lines=("def twice(n):", "return n * 2", ""),
    twice="twice(21)",
    define="answer = 7",
    read="answer",
    print='print("hel" + "lo")',
    warn='import sys; print("bew" + "are", file=sys.stderr)',
    fail="1 / 0",
    error="ZeroDivisionError: division by zero",
    forever='print("go" + "ing")\nwhile True: pass',
    ask="input()",
    asked="'blue'",
    many="list(range(1000))",
    begun="isinst",
    completed="isinstance",
    documented="len",
    documentation="Return the number of items in a container.",
    incomplete="sum([1,",
    rest="2])",
    finished="3",
    missing="There is no module no.such.namespace",
    elsewhere=("colorsys", "colorsys>", "len(ONE_THIRD.__class__.__name__) - 2"),
)

GUILE = Words(
    prompt="(guile-user)>",
    sum="(+ 40 2)",
    value="$1 = 42",
    lines=("(define (twice n)", "(* n 2))"),
    twice="(twice 21)",
    define="(define answer 7)",
    read="answer",
    print='(begin (display "hel") (display "lo") (newline))',
    warn='(begin (display "bew" (current-error-port)) (display "are\\n" (current-error-port)))',
    fail="(car 1)",
    error="In procedure car: Wrong type",
    forever='(begin (display "go") (display "ing\\n") (let lp () (lp)))',
    ask="(begin (use-modules (ice-9 rdelim)) (read-line))",
    asked='"blue"',
    many="(iota 1000)",
    begun="call-with-prom",
    completed="call-with-prompt",
    documented="string-append",
    documentation="concatenation",
    incomplete="(+ 1",
    rest="2)",
    finished="3",
    missing="There is no module no.such.namespace",
    elsewhere=("(ice-9 rdelim)", "(ice-9 rdelim)>", "(if (procedure? read-delimited) 3 0)"),
)

CLOJURE = Words(
    prompt="user=>",
    sum="(+ 40 2)",
    value="42",
    lines=("(defn twice [n]", "(* n 2))"),
    twice="(twice 21)",
    define="(def answer 7)",
    read="answer",
    print='(println (str "hel" "lo"))',
    warn='(binding [*out* *err*] (println (str "bew" "are")))',
    fail="(/ 1 0)",
    error="Divide by zero",
    forever='(do (println (str "go" "ing")) (loop [] (recur)))',
    ask="(read-line)",
    asked='"blue"',
    many="(range 1000)",
    begun="hash-ma",
    completed="hash-map",
    documented="map",
    documentation="Returns a lazy sequence",
    incomplete="(+ 1",
    rest="2)",
    finished="3",
    missing="There is no namespace no.such.namespace there.",
    elsewhere=("clojure.string", "clojure.string=>", "(if (fn? blank?) 3 0)"),
)
