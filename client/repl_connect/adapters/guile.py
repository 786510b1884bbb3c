"""An nREPL server for a Guile REPL, cooperative or threaded, by upgrading its connection.

The upgrade is one command, `,option interp FORM`: it evaluates the form with the interpreter, so
nothing is compiled. The form (`bootstrap/guile/launch.scm`) puts our reader and evaluator into that
connection's REPL and reads the rest of `bootstrap/guile` from the socket. A thread of its own reads
requests there, so completions, lookups, input and interrupts are answered during an evaluation.
"""

from __future__ import annotations

import re
from typing import Final

from repl_connect.adapters.upgraded import (
    UpgradedAdapter,
    bootstrap_source,
    bootstrap_version,
    one_line,
)

__all__ = ["GuileAdapter"]

_PARTS: Final = (
    "output",
    "input",
    "definitions",
    "results",
    "evaluation",
    "knowledge",
    "compiling",
    "requests",
    "turns",
)


class GuileAdapter(UpgradedAdapter):
    """A Guile 3 REPL."""

    language = "guile"
    title = "Guile"
    missing_namespace = (
        "There is no module {ns} in the program: load it first, (use-modules {ns}).\n"
    )
    # Up to what may end a prompt, whatever the user has made it; half of the usual one does not.
    greeting = re.compile(rb"Enter `,help' for help\.\n(.*[^\w@()-])\Z", re.DOTALL)
    prompt = re.compile(rb"[^\n]*@\([^\n]*\)(?: \[\d+\])?> \Z")

    def _launch(self) -> bytes:
        form = one_line(bootstrap_source("guile/launch.scm"))
        form = form.replace("NONCE", self.nonce)
        form = form.replace("VERSION", bootstrap_version(self._bootstrap()))
        return f",option interp {form}\n".encode()

    def _bootstrap(self) -> bytes:
        """Two lists of forms: what is evaluated once, and the procedures."""
        procedures = "\n".join(bootstrap_source(f"guile/{name}.scm") for name in _PARTS)
        return f"({bootstrap_source('guile/state.scm')})\n({procedures})\n".encode()

    def _greeting(self, version: str) -> str:
        mode = "cooperative" if self._about.get("cooperative") == "1" else "threaded"
        return f"Guile {version}, {mode}, upgraded"
