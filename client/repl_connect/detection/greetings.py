r"""What REPLs say first, and what their prompts look like: a table, read from the top.

A prompt decides when it stands at the end of what has been received. Where the system behind it is
also named (by its banner, or by its process) it decides at once; a prompt alone could be the middle
of a text, so it decides when nothing follows it for a while.

    `user=> `  Clojure      `* `, `0] `  SBCL      `>>> `  Python      `#;1> `  CHICKEN
    `> `       Node, Racket, SCM, Chez: by their process or banner, or as remembered
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from repl_connect.adapters.prompt_shape import prompt_in
from repl_connect.dialects import DIALECTS

__all__ = ["Prompt", "no_repl", "prompt_at_end"]


class _Row(NamedTuple):
    """A kind of prompt. `systems`: the processes that show it; `banner`: what names them.

    `alone`: it is the system's even if nothing else names it. `leave`: what is said at this prompt
    to leave the debugger, if it is a debugger's.
    """

    dialect: str
    prompt: bytes
    systems: frozenset[str]
    banner: bytes | None = None
    alone: bool = True
    leave: bytes = b""


def _systems(*names: str) -> frozenset[str]:
    return frozenset(names)


_ROWS: Final = (
    _Row(
        "guile",
        rb"^[^\n]*@\([^\n]*\) \[\d+\]> \Z",
        _systems("guile"),
        rb"\AGNU Guile ",
        leave=b",q\n",
    ),
    _Row("guile", rb"^[^\n]*@\([^\n]*\)> \Z", _systems("guile"), rb"\AGNU Guile "),
    _Row("clojure", rb"\A[\w.*+!$<>-]+=> \Z", _systems("java")),
    _Row("clojure", rb"^[\w.*+!$<>-]+=> \Z", _systems("java"), rb"\AClojure \d", alone=False),
    _Row("sbcl", rb"^\* \Z", _systems("sbcl"), rb"\AThis is SBCL "),
    _Row("sbcl", rb"^\d+(?:\[\d+)?\] \Z", _systems("sbcl"), rb"\AThis is SBCL ", leave=b"abort\n"),
    _Row("python", rb"^>>> \Z", _systems("python"), rb"^Python \d"),
    _Row("chicken", rb"^#;\d+> \Z", _systems("chicken"), rb"^CHICKEN"),
    _Row("mit", rb"^\d+ error> \Z", _systems("mit"), rb"^MIT/GNU Scheme", leave=b"(restart 1)\n"),
    _Row("node", rb"^> \Z", _systems("node"), rb"\AWelcome to Node\.js v", alone=False),
    _Row("racket", rb"^> \Z", _systems("racket"), rb"\AWelcome to Racket v", alone=False),
    _Row("chez", rb"^> \Z", _systems("chez"), rb"\A(?:Petite )?Chez Scheme ", alone=False),
    _Row("scm", rb"^> \Z", _systems("scm"), rb"\ASCM version ", alone=False),
)

_SYSTEMS: Final = frozenset[str]().union(*(row.systems for row in _ROWS)) - {"java", "python"}
"""Those that show a REPL where they are seen; the others run all kinds of servers."""

_SOME_PROMPT: Final = re.compile(rb"(?:[>$#%\]})\xbb]|\xe2\x9d\xaf|\xce\xbb) ?\Z")
"""The end of what nobody here knows, that looks as if it waited to be typed at."""

_NO_REPL: Final = (
    (rb"\A\xff[\xf0-\xfe]", "a telnet server (it draws its own screen). Use `telnet` for it"),
    (
        rb"(?i)\A(?:HTTP/\d|<!DOCTYPE html|<html)",  # what is no request gets a page alone
        "a web server. Nothing can be evaluated there",
    ),
    (rb"\ASSH-\d", "an SSH server. Use `ssh` for it"),
    (rb"\A[\x15\x16]\x03[\x00-\x04]", "a server that speaks TLS, which is not spoken here"),
    (
        rb"\Ad\d{1,3}:[\w-]{2,}(?:\d+:|[dil])",  # a whole one was known before
        "an nREPL server, and its answer came damaged. Try again; if it stays so, what is between "
        "here and there changes bytes",
    ),
)


class Prompt(NamedTuple):
    """What was recognised: the dialect, how sure it is, and the words that leave a debugger.

    `sure`: something else says the same; `remembered`: only what is remembered does. `text`: the
    prompt as it was shown. `ambiguous`: several known REPLs show it, and nothing tells which.
    """

    dialect: str
    sure: bool
    text: bytes
    leave: bytes = b""
    remembered: bool = False
    ambiguous: bool = False


def prompt_at_end(
    received: bytes, *, system: str = "", remembered: str | None = None
) -> Prompt | None:
    """The prompt that is at the end of what was received; None if none is.

    `system` is the one that runs at the other end, if it is known; `remembered` the dialect found
    there before. Of prompts that several systems have it is the one that these name, or that the
    banner names; if none is named, the dialect is `prompt`.
    """
    text = received.rpartition(b"\n")[2]
    ambiguous = False
    for row in _ROWS:
        if re.search(row.prompt, received, re.MULTILINE):
            named = row.banner is not None and re.search(row.banner, received, re.MULTILINE)
            shown = bool(named) or system in row.systems
            known = remembered == row.dialect
            if row.dialect not in DIALECTS:
                if row.leave:
                    return Prompt("prompt", shown, text, row.leave)
            elif shown or known or row.alone:
                return Prompt(row.dialect, shown or known, text, row.leave, known and not shown)
            else:
                ambiguous = True
    if _SOME_PROMPT.search(received) and prompt_in(received.decode("utf-8", "replace")):
        return Prompt("prompt", False, text, ambiguous=ambiguous and system not in _SYSTEMS)
    return None


def no_repl(received: bytes) -> str | None:
    """What it is, if it is known to be none that we can talk to: words that follow `this is`."""
    for pattern, what in _NO_REPL:
        if re.search(pattern, received):
            return what
    return None
