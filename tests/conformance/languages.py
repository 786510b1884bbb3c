"""The same things said in two languages."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLOJURE", "PYTHON", "Language", "Shown"]


class Shown(NamedTuple):
    """Code, and its values as they are printed."""

    code: str
    values: list[str]


class Language(NamedTuple):
    """What the tests say; `served.py` has the names that Python's part needs."""

    ns: str
    """The namespace that code is evaluated in."""
    quote: str
    """What a text is printed between."""
    forms: Shown
    nothing: str
    """Code without a form."""
    prints: Shown
    """Prints `before`, has a value, prints `after`, has a value."""
    prints_on_err: str
    """Prints `warning`."""
    prints_no_line_end: str
    """Prints `no end`."""
    fails: str
    """Prints `before`, has the value 1, divides 1 by 0, has the value 2."""
    ex: str
    """The error of that."""
    message: str
    unreadable: str
    """Code that can't be read."""
    reads: str
    """Reads a line; its value is that."""
    reads_to_the_end: Shown
    """Reads a line; the value at the end of input."""
    loops: str
    """Prints `begun`, and goes on for ever."""
    sleeps: str
    """Prints `begun`, and sleeps for hours."""
    defines: Shown
    """Gives `answer` a value; then that."""
    last: str
    """What the last value is called."""
    binds: str
    """Sets a variable that every session has for itself to 7."""
    bound: str
    """The value of that variable; 0 if it is not set."""
    starts: str
    """Starts a thread that prints `late` when it is released."""
    releases: str
    long: str
    """Has a text of 3,000 `x` as its value."""
    huge: str
    """Has a text of 5,000,000 `x` as its value."""
    chatters: str
    """Prints 1,000 lines: the numbers from 0."""
    file: Shown
    """A file of several forms, and its last value."""
    broken_file: str
    """A file that divides by 0 in its third line, and would then set `after`."""
    documented: tuple[str, str]
    """A name and how its documentation begins."""
    prefix: tuple[str, str, str]
    """What a name begins with, the name and its type."""


PYTHON = Language(
    ns="__main__",
    quote="'",
    forms=Shown("3\n3 + 1\n'x'; 5", ["3", "4", "'x'", "5"]),
    nothing="# nothing",
    prints=Shown("print('before')\n1\nprint('after')\n2", ["1", "2"]),
    prints_on_err="import sys\nprint('warning', file=sys.stderr)",
    prints_no_line_end="print('no end', end='')",
    fails="print('before')\n1\n1/0\n2",
    ex="ZeroDivisionError",
    message="division by zero",
    unreadable="(1 +",
    reads="input()",
    reads_to_the_end=Shown("import sys\nsys.stdin.readline() or 'end'", ["'end'"]),
    loops="print('begun', flush=True)\nwhile True: pass",
    sleeps="import time\nprint('begun', flush=True)\ntime.sleep(10000)",
    defines=Shown("answer = 41\nanswer", ["41"]),
    last="_",
    binds="depth.set(7)",
    bound="depth.get()",
    starts=(
        "import threading\ngo = threading.Event()\n"
        "def later():\n    go.wait()\n    print('late')\n"
        "threading.Thread(target=later, daemon=True).start()"
    ),
    releases="go.set()",
    long="'x' * 3000",
    huge="'x' * 5_000_000",
    chatters="for i in range(1000): print(i)",
    file=Shown("def add(a, b):\n    return a + b\n1\nadd(2, 3)\n", ["5"]),
    broken_file="before = 1\n\n1/0\nafter = 1\n",
    documented=("sorted", "Return a new list containing all items"),
    prefix=("sorte", "sorted", "function"),
)

CLOJURE = Language(
    ns="user",
    quote='"',
    forms=Shown('3 (+ 3 1)\n"x" 5', ["3", "4", '"x"', "5"]),
    nothing="; nothing",
    prints=Shown('(do (println "before") 1) (do (println "after") 2)', ["1", "2"]),
    prints_on_err='(binding [*out* *err*] (println "warning"))',
    prints_no_line_end='(print "no end")',
    fails='(do (println "before") 1) (/ 1 0) 2',
    ex="class java.lang.ArithmeticException",
    message="Divide by zero",
    unreadable="(+ 1",
    reads="(read-line)",
    reads_to_the_end=Shown('(or (read-line) "end")', ['"end"']),
    loops='(do (println "begun") (flush) (while true (Thread/sleep 1)))',
    sleeps='(do (println "begun") (flush) (Thread/sleep 10000000))',
    defines=Shown("(def answer 41) answer", ["#'user/answer", "41"]),
    last="*1",
    binds="(set! *print-length* 7)",
    bound="(or *print-length* 0)",
    starts='(def go (promise)) (future @go (println "late"))',
    releases="(deliver go true)",
    long='(apply str (repeat 3000 "x"))',
    huge="(String. (char-array 5000000 \\x))",
    chatters="(dotimes [i 1000] (println i))",
    file=Shown("(defn add [a b]\n  (+ a b))\n1\n(add 2 3)\n", ["5"]),
    broken_file="(def before 1)\n\n(/ 1 0)\n(def after 1)\n",
    documented=("sorted-map", "keyval => key val\n  Returns a new sorted map"),
    prefix=("sorted-m", "sorted-map", "function"),
)
