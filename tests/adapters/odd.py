"""Odd things to say in each language, as data."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ODD", "Odd"]


class Odd(NamedTuple):
    """Code in a language that does odd things; "" where there is no such thing."""

    comment: str
    """Nothing but a comment."""
    pieces: str
    """Prints `x` 100,000 times, one by one."""
    late: str
    """Prints `late` in a thread, after a moment in which the evaluation ends."""
    close: str
    """Closes standard output."""
    deep: str
    """Recurses without end."""
    huge: str
    """Its value is a text of five million characters."""
    unprintable: str
    """Its value raises when it is printed."""
    endless: str
    """Prints `going`; its value does not come to an end of being printed."""
    printing: str
    """Changes how values are printed, for the rest of the session."""
    redefine: tuple[str, ...]
    """Each gives a name that everybody uses another meaning."""
    moment: str
    """Takes some hundredths of a second."""
    longest: int = 1_000_000
    """How many characters of a text are shown at least, of more than that."""


LISP_PRINTING = "(setf *print-base* 2 *print-length* 1 *print-radix* t *read-base* 3)"
LISP = Odd(
    comment="; nothing",
    pieces='(dotimes (i 100000) (princ "x"))',
    late="",
    close="(close *standard-output*)",
    deep="(labels ((f (n) (+ 1 (f n)))) (f 1))",
    huge="(make-string 5000000 :initial-element #\\y)",
    unprintable='(progn (defstruct odd) (defmethod print-object ((o odd) s) (error "no"))'
    " (make-odd))",
    endless="(progn (defstruct without-end) (defmethod print-object ((o without-end) s) (loop))"
    ' (format t "going~%") (finish-output) (make-without-end))',
    printing=LISP_PRINTING,
    redefine=(
        "(setf *readtable* (copy-readtable nil)) (setf (readtable-case *readtable*) :preserve)",
        "(cl:in-package :keyword)",
    ),
    moment="(loop repeat 3000000 do (car (list 1)))",
)
THREADS = (
    '(sb-thread:make-thread (let ((o *standard-output*)) (lambda () (sleep 0.3) (princ "late" o)'
    " (finish-output o))))"
)
SCHEME = Odd(
    comment="; nothing",
    pieces='(do ((i 0 (+ i 1))) ((= i 100000)) (display "x"))',
    late="",
    close="(close-port (current-output-port))",
    deep="(let f ((n 1)) (+ 1 (f n)))",
    huge="(make-string 5000000 #\\y)",
    unprintable="",
    endless="",
    printing="",
    redefine=("(define car #f) (define write #f) (define list #f)",),
    moment="(let lp ((i 0)) (if (< i 300000) (lp (+ i 1))))",
)
PYTHON = Odd(
    comment="# nothing",
    pieces="import sys\nfor _ in range(100000): sys.stdout.write('x')",
    late="",
    close="import sys; sys.stdout.close()",
    deep="def f(n): return 1 + f(n)\nf(1)",
    huge="'y' * 5000000",
    unprintable="class Odd:\n    def __repr__(self): raise SystemExit('no')\n\nOdd()",
    endless="class Endless:\n    def __repr__(self):\n        print('going')\n"
    "        while True: pass\n\nEndless()",
    printing="import sys; sys.displayhook = None; sys.ps1 = None",
    redefine=(
        "print = repr = len = str = Exception = None",
        "import sys; sys.stdout = None; sys.stderr = None",
        "import sys; sys.stdin = 1",
        "__name__ = 7",
    ),
    moment="for _ in range(400000): pass",
)
NODE = Odd(
    comment="// nothing",
    pieces='for (let i = 0; i < 100000; i++) process.stdout.write("x")',
    late='setTimeout(() => console.log("late"), 300); undefined',
    close="process.stdout.end(); undefined",
    deep="(function f(n) { return 1 + f(n) })(1)",
    huge='"y".repeat(5000000)',
    unprintable='({ [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("no") } })',
    endless="",
    printing="",
    redefine=(
        "JSON = null; Date = null; Number = null; String = null; Set = Map = null",
        "Buffer = null; clearTimeout = setTimeout = null; Error = null; Object = null",
        "process = null; console = null",
        "throw { get name() { throw 1 } }",
        'var e = new Error("x"); Object.defineProperty(e, "name", { get() { throw e } }); throw e',
        "throw new Proxy({}, { getPrototypeOf() { throw 3 }, get() { throw 4 } })",
        "throw null",
        "throw undefined",
    ),
    moment="await new Promise((done) => setTimeout(done, 20))",
    longest=10_000,
)
CLOJURE = Odd(
    comment="; nothing",
    pieces='(dotimes [_ 100000] (print "x"))',
    late='(future (Thread/sleep 300) (println "late"))',
    close="(.close *out*)",
    deep="((fn f [n] (inc (f n))) 1)",
    huge="(apply str (repeat 5000000 \\y))",
    unprintable='(do (deftype Odd []) (defmethod print-method Odd [_ _] (throw (Error. "no")))'
    " (->Odd))",
    endless='(do (println (str "go" "ing")) (flush) (iterate inc 1))',
    printing="(set! *print-length* 1) (set! *print-level* 1) (set! *print-readably* false)",
    redefine=(
        "(def map nil) (def str nil) (def println nil) (def locking nil)",
        "(in-ns 'nothing-in-it)",
        "(clojure.core/in-ns 'user) (def eval nil)",
    ),
    moment="(loop [i 0] (when (< i 10000000) (recur (inc i))))",
)
ODD = {
    "sbcl": LISP._replace(late=THREADS),
    "swank": LISP._replace(late=THREADS),
    "guile": SCHEME._replace(
        late="(begin (use-modules (ice-9 threads)) (let ((o (current-output-port)))"
        " (call-with-new-thread"
        ' (lambda () (usleep 300000) (display "late" o) (force-output o)))) #t)',
        unprintable="(begin (use-modules (srfi srfi-9) (srfi srfi-9 gnu))"
        " (define-record-type odd (make-odd) odd?)"
        ' (set-record-type-printer! odd (lambda (o p) (error "no"))) (make-odd))',
        endless="(begin (use-modules (srfi srfi-9) (srfi srfi-9 gnu))"
        " (define-record-type endless (make-endless) endless?)"
        " (set-record-type-printer! endless (lambda (o p) (let lp () (lp))))"
        ' (display "go") (display "ing\\n") (make-endless))',
        printing='(setlocale LC_ALL "C") (print-set! quote-keywordish-symbols #f)',
    ),
    "racket": SCHEME._replace(
        close="(close-output-port (current-output-port))",
        late='(void (thread (lambda () (sleep 0.3) (display "late") (flush-output))))',
        unprintable="(begin (struct odd () #:property prop:custom-write"
        ' (lambda (o p m) (error "no"))) (odd))',
        endless="(begin (struct endless () #:property prop:custom-write"
        ' (lambda (o p m) (let lp () (lp)))) (display "go") (display "ing\\n") (endless))',
        printing="(current-print void) (print-as-expression #f) (current-prompt-read void)",
        deep="",  # it takes all memory there is
        moment="(let lp ([i 0]) (when (< i 4000000) (lp (add1 i))))",
    ),
    "scm": SCHEME._replace(
        deep="",
        close="",
        huge="(make-string 500000 #\\y)",
        longest=500_000,
        # Not `car`, without which our own code does not go on either.
        redefine=("(define cdr #f) (define write #f) (define list #f)",),
    ),
    # Its own streams are those names.
    "Python, standard streams by thread": PYTHON._replace(
        redefine=("print = repr = len = str = Exception = None",)
    ),
    "python": PYTHON,
    "node": NODE,
    "clojure": CLOJURE,
    "prepl": CLOJURE,
}
