"""An nREPL server for a REPL of SCM, one process for each connection, by upgrading it.

SCM has no threads, catches no errors and enters a debugger at `(error ...)`. Yet it is interrupted,
asks for input and goes on after errors: `bootstrap/scm/serve.scm` tells how. It keeps no place of
code and no list of its names, so there are neither frames of errors nor completions.
"""

from __future__ import annotations

import re

from repl_connect.adapters.scheme import SchemeAdapter

__all__ = ["ScmAdapter"]


class ScmAdapter(SchemeAdapter):
    """An SCM REPL."""

    ops = frozenset({"eval", "load-file", "interrupt", "stdin", "lookup"})
    title = "SCM"
    directory = "scm"
    greeting = re.compile(rb"> \Z")
    prompt = re.compile(rb";ERROR: (?s:.*)\n> \Z")
