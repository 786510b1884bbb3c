"""What every op is for, as data: `describe` sends it, the documentation is made of it.

Names, keys and statuses are nREPL's own (nrepl.org, "Built-in ops"); those that begin with
`repl-server/` are ours. What is in `requires` must be in a request, what is in `optional` may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from repl_server.dispatch.print_keys import KEYS

__all__ = ["OPS", "Op"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
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
    "repl-server/secret": "With `need-input`: the input is not to be shown (`getpass`).",
    "status": "`done` ends it; `eval-error`, `interrupted`, `need-input`, `namespace-not-found`, "
    "`no-code` say what happened.",
}

_FRAME = {
    "repl-server/held": "A held error: evaluate in a frame of it, with its globals and local "
    "variables. What is assigned there is kept as long as the error is held, for others who "
    "evaluate in the frame; the frame itself does not change. Definitions are the frame's own too: "
    "mend functions without this key. In statements, nested functions see only the globals.",
    "repl-server/frame": "Which frame: 0, the innermost, if absent; the last of the error's frames "
    "is 0, the one before it 1. `repl-server/unknown-held`: no such error, or no such frame.",
}
_EVENT = {
    "repl-server/event": "What kind of event it is: `clients`, `evaluations`, `jobs`, `errors` or "
    "`topic`.",
    "what": "Of `clients`: `joined`, `named` or `left`. Of `evaluations`: `begun`, `reply` or "
    "`ended`. Of `errors`: `held` or `ended`.",
    "client": "The id of the client it is about; in the first reply, your own.",
    "name": "Of `clients`: what it calls itself; beside it `version`, `address`, `since`.",
    "evaluation": "Of `evaluations`: the id its client gave it.",
    "code": "Of `begun`: the code, cut after 64 KiB; beside it `op`, `ns`, `file`, `line`, "
    "`column`.",
    "reply": "Of `reply` and `ended`: what its client was sent, as a map.",
    "job": "Of `jobs`: the job that has changed, with all that `repl-server/jobs` says of it.",
    "held": "Of `errors`: the id of the held error it is about.",
    "restarts": "Of `errors`, when one is `held`; beside it the rest of what `repl-server/held` "
    "says.",
    "restart": "Of `errors`, when one has `ended`: what was chosen; `alone` if the last client has "
    "gone, `interrupted` if the program's wait was.",
    "topic": "Of `topic`: what it was published under.",
    "text": "Of `topic`: what was published, cut after 1 MiB.",
    "repl-server/cut": "The keys whose text is not all there.",
    "repl-server/dropped": "How many events before this one were not sent, because you did not "
    "read.",
    "status": "`repl-server/subscribed` at once. `done` ends it: after an `unsubscribe`, or with "
    "`session-closed`. `repl-server/too-many-subscriptions`: 100 a client.",
}
_JOB = {
    "job": "Its id.",
    "state": "`queued`, `running`, `finished`, `failed` or `cancelled`.",
    "name": "What it was called when it was submitted.",
    "code": "The first 200 characters of its code; `code-length`, if there are more.",
    "position": "How many jobs are to end before it begins, while it is queued.",
    "client": "The id of the client that submitted it; `client-name`, if it has one.",
    "submitted": "When it was submitted, in milliseconds since the epoch.",
    "started": "When it began, if it has.",
    "ended": "When it ended, if it has.",
}
_UNKNOWN_JOB = {
    "status": "`repl-server/unknown-job`: it is not kept any more, or there was none.",
}


class Op:
    """One op's documentation: what it does, and the keys of its request and replies."""

    def __init__(
        self,
        doc: str,
        requires: Mapping[str, str] = _NOTHING,
        optional: Mapping[str, str] = _NOTHING,
        returns: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.doc = doc
        self.requires = requires
        self.optional = optional
        self.returns = returns

    def described(self) -> dict[str, object]:
        """As `describe` with `verbose?` sends it."""
        return {
            "doc": self.doc,
            "requires": self.requires,
            "optional": self.optional,
            "returns": self.returns,
        }


OPS: dict[str, Op] = {
    "classpath": Op(
        doc="Nothing here has a class path; clients that ask every server for one get no error.",
        returns={"classpath": "An empty list."},
    ),
    "clone": Op(
        doc="Open a session: its own namespace, history and input. With `session`, it starts as "
        "that one's copy.",
        optional={
            "session": "The session to copy.",
            "client-name": "What the client calls itself.",
            "client-version": "Its version.",
            "repl-server/keep": "Seconds, at most 300, that the session stays open for when its "
            "last client's connection is lost: whoever names it then goes on in it. What it runs "
            "is interrupted all the same.",
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
        requires={
            "prefix": "The text to complete: a name, or all that is before the cursor, if the "
            "`aux` of `describe` says `repl-server/prefix`: `text`."
        },
        optional={
            "ns": "The namespace to look in; the session's own if absent.",
            "extra-metadata": "A list of what else to say of each: `arglists`, `doc`.",
            **_FRAME,
        },
        returns={
            "completions": "A list of maps of `candidate`, `type` and, if asked for, `arglists`, "
            "`doc`. A candidate stands for the name, key or argument that `prefix` ends with.",
            "repl-server/replaces": "How many characters at the end of `prefix` that is.",
        },
    ),
    "describe": Op(
        doc="What this server can do, and what it is.",
        optional={"verbose?": "Send each op's documentation too."},
        returns={
            "ops": "A map of the ops' names; with `verbose?` to their documentation.",
            "versions": "A map of what runs here to its version.",
            "aux": "More: `current-ns`, and the limits as `repl-server/limits`.",
        },
    ),
    "eval": Op(
        doc="Evaluate code. Without a session it runs in one of its own that ends with it.",
        requires={"code": "The code: any number of forms."},
        optional={
            "session": "The session to evaluate in.",
            "ns": "The namespace to evaluate in, this once.",
            **_FRAME,
            **_PLACE,
            **KEYS,
        },
        returns=_RESULTS,
    ),
    "interrupt": Op(
        doc="Stop what a session evaluates. Two replies: `interrupted` to the evaluation, then "
        "`done` to this request.",
        requires={"session": "The session that evaluates."},
        optional={
            "interrupt-id": "The id of the evaluation or watch meant; whatever runs if absent."
        },
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
            **KEYS,
        },
        returns=_RESULTS,
    ),
    "lookup": Op(
        doc="What is known about a name: arguments, documentation, where it is defined. Answered "
        "while an evaluation runs.",
        requires={"sym": "The name."},
        optional={
            "ns": "The namespace to look in; the session's own if absent.",
            "repl-server/source": "Send the text of the definition too, as `source`.",
            **_FRAME,
        },
        returns={
            "info": "A map of `name`, `ns`, `arglists-str`, `doc`, `file`, `line`, `column`, "
            "`type`, as far as known; empty if nothing is.",
        },
    ),
    "ls-sessions": Op(
        doc="The sessions that are open, of all clients.",
        returns={"sessions": "A list of ids."},
    ),
    "repl-server/cancel": Op(
        doc="Cancel a job: one that waits at once, one that runs by an interrupt. Answered when it "
        "has ended.",
        requires={"job": "The job's id."},
        returns={
            "status": "`repl-server/already-ended`, `repl-server/unknown-job`, "
            "`repl-server/not-interruptible`.",
        },
    ),
    "repl-server/clients": Op(
        doc="Who is connected, in the order they came.",
        returns={
            "clients": "A list of maps of `client` (its id here), `name` and `version` (as it said "
            "with `clone`), `address`, `sessions`, `since` (milliseconds since the epoch).",
            "client": "Your own id.",
        },
    ),
    "repl-server/held": Op(
        doc="The errors of the program that wait for somebody to say how to go on, the oldest "
        "first. Clients with a session are told of each as `err` text with the key "
        "`repl-server/held`, its id.",
        returns={
            "held": "A list of maps of what follows.",
            "id": "Its id.",
            "name": "What failed, as the program calls it.",
            "ex": "The error's type.",
            "message": "Its message alone, the first 8 KiB.",
            "err": "The traceback as text, the first 64 KiB.",
            "frames": "Where it happened, innermost last: maps of `name`, `file`, `line`.",
            "restarts": "What can be chosen: `retry`, `continue`, `abort`.",
            "since": "When it was raised, in milliseconds since the epoch.",
            "repl-server/cut": "Of `message` and `err`, what is not all there.",
        },
    ),
    "repl-server/jobs": Op(
        doc="All jobs that are known, those of others too, in the order they were submitted.",
        optional={"state": "Only those in this state."},
        returns={"jobs": "A list of maps of what follows.", **_JOB},
    ),
    "repl-server/restart": Op(
        doc="Go on with a held error: `retry` calls the function again, as it is by now; "
        "`continue` goes on after the call or the block; `abort` raises the error in the program. "
        "The first who chooses, chooses. What is evaluated can do the same: "
        '`repl_server.restart("retry")`.',
        requires={"held": "The id of the held error.", "restart": "What to do, of its `restarts`."},
        optional={
            "value": "With `continue`: an expression, which is evaluated as by `eval` in the "
            "session, if one is given; its value is what the failed call returns. If it fails, the "
            "error stays held.",
            "repl-server/frame": "Evaluate it in this frame of the error.",
            "session": "The session to evaluate it in.",
        },
        returns={
            "status": "`repl-server/unknown-held`: it is held no more; "
            "`repl-server/unknown-restart`: one can't go on with it like that; `invalid-field`: "
            "`value` is no expression, or not for this restart. With `value`, also what `eval` "
            "answers.",
        },
    ),
    "repl-server/result": Op(
        doc="A job's state, and what it has brought so far. Any client can ask, as often as it "
        "likes, until the job is not kept any more.",
        requires={"job": "The job's id."},
        optional={
            "wait": "If it has not ended: answer when it has, or after so many seconds (at most "
            "60; text like `0.5`, or a number)."
        },
        returns={
            **_JOB,
            "values": "The printed values, a list; the last ones, if there are more than 1 MiB.",
            "ns": "The namespace of the last value.",
            "out": "What it printed, the first 1 MiB together with what it printed as errors.",
            "err": "What it printed as errors, and the text of the error that ended it.",
            "error": "That error: a map of `ex`, `message` and `frames`.",
            "repl-server/cut": "The keys of which something is missing.",
            **_UNKNOWN_JOB,
        },
    ),
    "repl-server/submit": Op(
        doc="Leave code here to be evaluated, as a job. Jobs run one after the other, each in a "
        "session of its own, and stay when you go. One that reads input gets the end of input.",
        requires={"code": "The code: any number of forms."},
        optional={
            "name": "What to call it in lists.",
            "ns": "The namespace to evaluate in.",
            **_PLACE,
            **KEYS,
        },
        returns={
            "job": "Its id. It differs from those of earlier runs of the program.",
            "position": "How many jobs are to end before it begins.",
            "status": "`queue-full`: as many wait as there may.",
        },
    ),
    "repl-server/subscribe": Op(
        doc="Be told of what happens here, from now on: each event is a message with this "
        "request's id. It ends with `repl-server/unsubscribe` or the connection.",
        optional={
            "events": "A list of `clients` (they join, say their name, leave), `evaluations` (of "
            "`session`, by whatever client), `jobs` (their states), `errors` (held ones).",
            "topics": "A list of topics the program publishes under; `*` is all of them.",
            "session": "The session whose evaluations are meant; the subscription ends with it.",
        },
        returns=_EVENT,
    ),
    "repl-server/unsubscribe": Op(
        doc="End a subscription: `done` to it, then to this request.",
        requires={"subscription": "The id of the request that subscribed."},
        returns={"status": "`repl-server/unknown-subscription`."},
    ),
    "repl-server/unwatch": Op(
        doc="End a watch: `done` and `interrupted` to it, then `done` to this request.",
        requires={"watch": "The id of the request that watches."},
        returns={"status": "`repl-server/unknown-watch`."},
    ),
    "repl-server/watch": Op(
        doc="Evaluate code again and again, and send its values each time, until it is ended by "
        "`repl-server/unwatch`, by an `interrupt` in its session with its id, or with its session "
        "or connection. A turn that is due while the last one still runs is left out. An error "
        "does not end it, and is sent once as long as it stays the same.",
        requires={
            "code": "The code: any number of forms.",
            "every": "Seconds from turn to turn, from 0.05 on: text like `0.5`, or a number.",
        },
        optional={
            "session": "The session to begin as a copy of, and to end with.",
            "ns": "The namespace to evaluate in.",
            "times": "How many turns there are to be.",
            "changes": "Send values only when they differ from the last ones.",
            **_PLACE,
            **KEYS,
        },
        returns={
            **_RESULTS,
            "repl-server/cut": "Of `out`, `err` and `values`, what is not all there: more than 1 "
            "MiB in one turn.",
            "repl-server/dropped": "How many turns before this one were not sent, because you did "
            "not read.",
            "status": "`done` ends it: `interrupted`, `session-closed` say why. "
            "`repl-server/too-many-watches`: 50 a client.",
        },
    ),
    "stdin": Op(
        doc="Input for the program, asked for by the status `need-input` or sent ahead of it.",
        requires={
            "session": "The session that reads.",
            "stdin": "The text; empty text is the end of input.",
        },
    ),
}
