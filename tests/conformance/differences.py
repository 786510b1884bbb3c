"""Where Clojure's nREPL 1.0 and ours differ on purpose: what each says, and why ours does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

__all__ = ["DIFFERENCES", "Difference"]


class Difference(NamedTuple):
    """What is expected of each, of the thing that the key names."""

    ours: Any
    clojures: Any
    why: str


DIFFERENCES: Final[Mapping[str, Difference]] = MappingProxyType(
    {
        "values around an error": Difference(
            ["1"],
            ["1", "2"],
            "Python's statements belong together: what follows an error relies on what failed.",
        ),
        "value of nothing": Difference(
            [], ["nil"], "A None is not shown at a Python prompt; nil is at Clojure's."
        ),
        "dones of an unknown namespace": Difference(
            1, 2, "nREPL 1.0 ends such a request twice (its issue 215); once is right."
        ),
        "ns of a file's value": Difference(
            ["__main__"], [None], "An `ns` beside every value costs nothing and is never missed."
        ),
        "load-file with a path alone": Difference(
            {"done"},
            {"done", "eval-error"},
            "The draft of a specification has the server read the file; nREPL 1.0 can't.",
        ),
        "load-file with nothing": Difference(
            {"done", "error", "no-file"},
            {"done", "eval-error"},
            "nREPL 1.0 stumbles over the missing text: a NullPointerException.",
        ),
        "kinds of an interrupt's replies": Difference(
            {"status"},
            {"err", "ex", "status"},
            "The interrupt is the server's own doing, no error of the code: `interrupted` says it.",
        ),
        "interrupting what waits in the queue": Difference(
            {"done"},
            {"done", "error", "interrupt-id-mismatch"},
            "What has not begun can be taken back; nREPL 1.0 knows only what runs.",
        ),
        "an interrupt by another connection is said to whom it interrupts": Difference(
            True,
            False,
            "Who evaluates waits for its `done`; nREPL 1.0 sends that to who interrupts.",
        ),
        "requests sent at once are taken in order": Difference(
            True, False, "nREPL 1.0 takes each in a thread of its own."
        ),
        "closing without a session": Difference(
            {"done", "error", "session-ephemeral"},
            {"done", "session-closed"},
            "nREPL 1.0 makes a session for the request, and closes that.",
        ),
        "an empty session": Difference(
            {"done"},
            {"done", "error", "unknown-session"},
            "Some clients send what is absent as empty.",
        ),
        "an empty namespace": Difference(
            {"done"},
            {"done", "completion-error", "namespace-not-found"},
            "monroe sends an empty `ns` with every completion.",
        ),
        "lookup of an unknown name": Difference(
            {}, [], "Ours is a map, found or not; nREPL 1.0 writes an empty map as nil."
        ),
        "stdin without text": Difference(
            {"done", "error", "invalid-field"},
            {"done"},
            "A request that can do nothing is an error of who sent it.",
        ),
        "completions without a prefix": Difference(
            {"done", "error", "invalid-field"},
            {"done", "completion-error", "namespace-not-found"},
            "nREPL 1.0 says what it stumbles over, not what is missing.",
        ),
        "lookup without a name": Difference(
            {"done", "error", "invalid-field"},
            {"done", "lookup-error", "namespace-not-found"},
            "nREPL 1.0 says what it stumbles over, not what is missing.",
        ),
        "op of a message without one": Difference(None, [], "There is nothing to repeat."),
        "session of a request without one": Difference(
            False, True, "nREPL 1.0 names a session that has ended already."
        ),
        "sessions of a client that has gone": Difference(
            False, True, "nREPL 1.0 keeps them for ever (its issue 152)."
        ),
        "garbage": Difference(
            True, False, "nREPL 1.0 says nothing and keeps the connection; ours ends it."
        ),
    }
)
