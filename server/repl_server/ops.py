"""What every op is for, as data: `describe` sends it, the documentation is made of it.

Names, keys and statuses are nREPL's own (nrepl.org, "Built-in ops"). A key whose documentation is a
tuple entry of `requires` must be in the request; what is in `optional` may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["OPS", "Op"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
_PRINT = {
    "nrepl.middleware.print/quota": "The most bytes of one value to send; a longer one is cut and "
    "its message says `nrepl.middleware.print/truncated`.",
}
_PLACE = {
    "file": "The file the code comes from, for error messages and source locations.",
    "line": "The line of the code's first character in it, from 1.",
    "column": "The column of that character, from 1.",
}
_RESULTS = {
    "value": "The printed value of one form; a message for each form that has one.",
    "ns": "The namespace after that form.",
    "out": "What the evaluation printed.",
    "err": "What it printed as errors, and the text of an error that ended it.",
    "ex": "The error's type.",
    "repl-server/message": "The error's message alone.",
    "repl-server/frames": "Where it happened, innermost last: maps of `name`, `file`, `line`.",
    "status": "`done` ends it; `eval-error`, `interrupted`, `need-input`, `namespace-not-found`, "
    "`no-code` say what happened.",
}


class Op(NamedTuple):
    """One op's documentation: what it does, and the keys of its request and replies."""

    doc: str
    requires: Mapping[str, str] = _NOTHING
    optional: Mapping[str, str] = _NOTHING
    returns: Mapping[str, str] = _NOTHING


OPS: dict[str, Op] = {
    "clone": Op(
        doc="Open a session: its own namespace, history and input. With `session`, it starts as "
        "that one's copy.",
        optional={
            "session": "The session to copy.",
            "client-name": "What the client calls itself.",
            "client-version": "Its version.",
        },
        returns={"new-session": "The new session's id."},
    ),
    "close": Op(
        doc="End a session; what it runs is interrupted.",
        requires={"session": "The session to end."},
        returns={"status": "`session-closed`."},
    ),
    "completions": Op(
        doc="What could stand where `prefix` stands, from the live program. Answered while an "
        "evaluation runs.",
        requires={"prefix": "The text to complete."},
        optional={"ns": "The namespace to look in; the session's own if absent."},
        returns={"completions": "A list of maps of `candidate` and `type`."},
    ),
    "describe": Op(
        doc="What this server can do, and what it is.",
        optional={"verbose?": "Send each op's documentation too."},
        returns={
            "ops": "A map of the ops' names; with `verbose?` to their documentation.",
            "versions": "A map of what runs here to its version.",
            "aux": "More: `current-ns`, the limits.",
        },
    ),
    "eval": Op(
        doc="Evaluate code. Without a session it runs in one of its own that ends with it.",
        requires={"code": "The code: any number of forms."},
        optional={
            "session": "The session to evaluate in.",
            "ns": "The namespace to evaluate in, this once.",
            **_PLACE,
            **_PRINT,
        },
        returns=_RESULTS,
    ),
    "interrupt": Op(
        doc="Stop what a session evaluates. Two replies: `interrupted` to the evaluation, then "
        "`done` to this request.",
        requires={"session": "The session that evaluates."},
        optional={"interrupt-id": "The id of the evaluation meant; whatever runs if absent."},
        returns={
            "status": "`session-idle` if nothing runs, `interrupt-id-mismatch` if something else "
            "does."
        },
    ),
    "load-file": Op(
        doc="Evaluate a whole file, given as its contents (`file`), or as a path the server can "
        "read (`file-path` alone). Only the last value is sent; the first error ends it.",
        optional={
            "file": "The file's contents.",
            "file-path": "Where it is.",
            "file-name": "What it is called.",
            "session": "The session to evaluate in.",
            **_PRINT,
        },
        returns=_RESULTS,
    ),
    "lookup": Op(
        doc="What is known about a name: arguments, documentation, where it is defined. Answered "
        "while an evaluation runs.",
        requires={"sym": "The name."},
        optional={"ns": "The namespace to look in; the session's own if absent."},
        returns={
            "info": "A map of `name`, `ns`, `arglists-str`, `doc`, `file`, `line`, `column`, "
            "`type`, as far as known; empty if nothing is.",
        },
    ),
    "ls-sessions": Op(
        doc="The sessions that are open, of all clients.",
        returns={"sessions": "A list of ids."},
    ),
    "stdin": Op(
        doc="Input for the program, asked for by the status `need-input` or sent ahead of it.",
        requires={
            "session": "The session that reads.",
            "stdin": "The text; empty text is the end of input.",
        },
    ),
}
