"""An nREPL server for Node's `repl` on a socket, by taking its connection over.

The upgrade is one line (`bootstrap/node`). It finds the REPL that evaluates it and reads requests
from that REPL's input; code goes to its own `eval`, so that `await`, declarations and `_` are as
they were. One thread does it all: what waits for a promise can be left, and others evaluate
meanwhile; a loop that never waits stops the program, as it does without us.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Collection
from functools import cache
from typing import Final

from repl_connect.adapters.upgraded import UpgradedAdapter, bootstrap_source

__all__ = ["NodeAdapter"]

_PARTS: Final = ("frames", "knowledge", "serve", "launch")


class NodeAdapter(UpgradedAdapter):
    """A Node REPL, of Node 16 or later."""

    ops: Collection[str] = frozenset({"eval", "load-file", "interrupt", "completions", "lookup"})
    language = "node"
    title = "Node"
    missing_namespace = "There is no namespace {ns} there: a Node REPL has one, its context.\n"
    greeting = re.compile(rb"> (?:\x1b\[\d+G)?\Z")
    prompt = re.compile(rb"(?:^|\n)(?:Uncaught [^\0]*)> (?:\x1b\[\d+G)?\Z")
    concurrent = True

    def _launch(self) -> bytes:
        return (
            'void eval(require("zlib").inflateSync(Buffer.from('
            f'"{_packed()}","base64")).toString())(require,globalThis,{json.dumps(self.nonce)})\n'
        ).encode()

    def quit(self) -> None:
        """Leave the REPL as it was found: what has to be said for that is in `data_to_send`."""
        if self.ready:
            self._request("quit")


@cache
def _packed() -> str:
    """The bootstrap, whose value is the function that launches."""
    parts = "\n".join(bootstrap_source(f"node/{name}.js") for name in _PARTS)
    source = (
        f"(() => {{\n'use strict';\n{parts}\nreturn launch;\n}})()\n//# sourceURL=repl-connect\n"
    )
    return base64.b64encode(zlib.compress(source.encode(), 9)).decode()
