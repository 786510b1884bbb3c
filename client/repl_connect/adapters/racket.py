"""An nREPL server for a Racket REPL, `read-eval-print-loop` over a socket, by upgrading it.

The form goes out at once, with no prompt waited for: a loop whose ports are buffered, as they are
unless its author thought of it, shows neither prompts nor values before 4 KiB are full. What is
upgraded flushes by itself, so that such a REPL becomes usable at all.
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

__all__ = ["RacketAdapter"]

_PARTS: Final = ("state", "output", "input", "results", "evaluation", "knowledge", "requests")


class RacketAdapter(UpgradedAdapter):
    """A Racket REPL."""

    language = "racket"
    title = "Racket"
    missing_namespace = "There is no module {ns} in the program: load it first, (require {ns}).\n"
    greeting = re.compile(rb"> \Z")
    # What an error prints, and the prompt behind it: the greeting may come after the form was sent.
    prompt = re.compile(rb"context\.\.\.:\n(?:   [^\n]*\n)+> \Z")
    launches_at_once = True

    def _launch(self) -> bytes:
        form = one_line(bootstrap_source("racket/launch.rkt"))
        form = form.replace("NONCE", self.nonce).replace("VERSION", self._module())
        return f"{form}\n".encode()

    def _bootstrap(self) -> bytes:
        """A module in the language that every Racket has."""
        return f"(module {self._module()} racket/base\n{_parts()})\n".encode()

    def _module(self) -> str:
        return f"repl-connect-{bootstrap_version(_parts().encode())}"


def _parts() -> str:
    return "\n".join(bootstrap_source(f"racket/{name}.rkt") for name in _PARTS)
