"""A few lines of code in each language, for people to try.

By language, then by what they show: `value` something short, `lines` a definition of several lines,
`completion` the beginning of a name, `documentation` a command that asks about a name, `forever`
what runs until it is interrupted, `later` what prints after two seconds, `large` a value larger
than a screen, `job` and `watch` commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["EXAMPLES", "examples_of"]

_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_CLOJURE: Final = {
    "value": "(* 6 7)",
    "lines": "(defn double-it [x]\n  (* 2 x))",
    "completion": "(map",
    "documentation": ",doc map",
    "forever": "(Thread/sleep 600000)",
    "later": '(future (Thread/sleep 2000) (println "here I am"))',
    "large": "(range 10000)",
}

_COMMON_LISP: Final = {
    "value": "(* 6 7)",
    "lines": "(defun double-it (x)\n  (* 2 x))",
    "completion": "(mapca",
    "documentation": ",doc mapcar",
    "forever": "(loop)",
    "large": "(loop for i below 10000 collect i)",
}

_JAVASCRIPT: Final = {
    "value": "6 * 7",
    "lines": "function double(x) {\n  return 2 * x\n}",
    "completion": "Math.sq",
    "documentation": ",doc Math.max",
    "forever": "await new Promise(() => {})",
    "later": 'setTimeout(() => console.log("here I am"), 2000); undefined',
    "large": "Array.from({ length: 10000 }, (_, i) => i).join()",
}

EXAMPLES: Final[Mapping[str, Mapping[str, str]]] = {
    "python": {
        "value": "6 * 7",
        "lines": "def double(x):\n    return 2 * x",
        "completion": "prin",
        "documentation": ",doc print",
        "forever": "any(each for each in iter(int, 1))",
        "later": 'import threading; threading.Timer(2, print, ["here I am"]).start()',
        "large": "list(range(10000))",
        "job": ",submit sum(range(10**7))",
        "watch": ',watch 1 __import__("time").strftime("%H:%M")',
    },
    "guile": {
        "value": "(* 6 7)",
        "lines": "(define (double x)\n  (* 2 x))",
        "completion": "(string-app",
        "documentation": ",doc map",
        "forever": "(let loop () (loop))",
        "large": "(iota 10000)",
    },
    "clojure": _CLOJURE,
    "babashka": _CLOJURE,
    "sbcl": _COMMON_LISP
    | {
        "later": "(let ((out *standard-output*)) (sb-thread:make-thread (lambda ()"
        ' (sleep 2) (format out "here I am~%"))))',
    },
    "common-lisp": _COMMON_LISP,
    "racket": {
        "value": "(* 6 7)",
        "lines": "(define (double x)\n  (* 2 x))",
        "completion": "(string-app",
        "documentation": ",doc map",
        "forever": "(let loop () (loop))",
        "later": '(void (thread (lambda () (sleep 2) (displayln "here I am"))))',
        "large": "(build-list 10000 values)",
    },
    "scheme": {
        "value": "(* 6 7)",
        "lines": "(define (double x)\n  (* 2 x))",
        "forever": "(let loop () (loop))",
        "large": "(vector->list (make-vector 10000 7))",
    },
    "node": _JAVASCRIPT,
    "javascript": _JAVASCRIPT,
}
"""What is not here cannot be said to work in that language."""


def examples_of(language: str) -> Mapping[str, str]:
    """The examples of a language; none, if there are none."""
    return EXAMPLES.get(language, _NONE)
