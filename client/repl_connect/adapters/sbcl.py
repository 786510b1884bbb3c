"""An nREPL server for a plain SBCL REPL, in a process or an image of its own or a shared one.

The upgrade is one form (`bootstrap/sbcl/launch.lisp`), read as a string in a package of ours. It
evaluates the rest of `bootstrap/sbcl` once per image and then serves the connection in the REPL's
own thread. A thread beside it reads requests, so completions, lookups, input and interrupts are
answered during an evaluation. A debugger that the REPL is in when we come stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from repl_connect.adapters.upgraded import (
    UpgradedAdapter,
    bootstrap_source,
    bootstrap_version,
    one_line,
)
from repl_server.dispatch.dispatcher import Bounds
from repl_server.dispatch.timing import Timing

__all__ = ["SbclAdapter"]

_PROCEDURES: Final = (
    "output",
    "input",
    "sources",
    "results",
    "evaluation",
    "knowledge",
    "requests",
    "methods",
)
_PROMPT: Final = re.compile(rb"(?:\A|\n)(?:\* |\d+(?:\[\d+)?\] )\Z")
_LEVEL: Final = re.compile(rb"\d+(?:\[(?P<level>\d+))?\]")
_FORM: Final = (
    # In capitals, for a readtable that preserves case.
    "(CL:FUNCALL (CL:WITH-STANDARD-IO-SYNTAX (CL:LET ((SB-EXT:*EVALUATOR-MODE* :INTERPRET)"
    ' (CL:*PACKAGE* (CL:OR (CL:FIND-PACKAGE "{package}")'
    ' (CL:IGNORE-ERRORS (CL:MAKE-PACKAGE "{package}" :USE (CL:LIST "COMMON-LISP")))'
    # Another client may have been first meanwhile.
    ' (CL:FIND-PACKAGE "{package}"))))'
    ' (CL:EVAL (CL:READ-FROM-STRING "{form}"))))'
    ' CL:*PACKAGE* (CL:FIND-PACKAGE "{package}"))\n'
)


class SbclAdapter(UpgradedAdapter):
    """An SBCL REPL, at its top level or in its debugger."""

    language = "sbcl"
    title = "SBCL"
    missing_namespace = "There is no package {ns} in the image: load what defines it first.\n"
    greeting = _PROMPT
    prompt = _PROMPT

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        self._found = b""
        super().__init__(timing=timing, bounds=bounds)

    def _do_launch(self) -> None:
        found = _PROMPT.search(self._junk)
        self._found = found[0].strip() if found is not None else b""
        super()._do_launch()

    def _launch(self) -> bytes:
        form = one_line(bootstrap_source("sbcl/launch.lisp")).replace("NONCE", self.nonce)
        form = form.replace("\\", "\\\\").replace('"', '\\"')
        package = f"REPL-CONNECT-{bootstrap_version(self._bootstrap()).upper()}"
        return _FORM.format(package=package, form=form).encode()

    def _bootstrap(self) -> bytes:
        """Two lists of forms: what is evaluated once, and the procedures."""
        procedures = "\n".join(bootstrap_source(f"sbcl/{name}.lisp") for name in _PROCEDURES)
        return f"({bootstrap_source('sbcl/state.lisp')})\n({procedures})\n".encode()

    def _able(self) -> Collection[str]:
        if self._about.get("threads") == "0":  # nobody reads what is asked while it evaluates
            return frozenset(self.ops) - {"interrupt"}
        return self.ops

    def _greeting(self, version: str) -> str:
        level = _LEVEL.fullmatch(self._found)
        if level is None:
            return super()._greeting(version)
        number = (level["level"] or b"1").decode()
        return f"{super()._greeting(version)}, in its debugger (level {number})"
