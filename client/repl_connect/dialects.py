"""What a REPL may speak, and the channel for each: what `--dialect` takes.

An adapter is imported when it is first wanted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from repl_connect.errors import UsageError

if TYPE_CHECKING:
    from repl_connect.channel import Channel
    from repl_server.dispatch.timing import Timing

__all__ = ["DIALECTS", "Dialect", "dialect_named"]


class Dialect(NamedTuple):
    """`module` has `adapter`, the class of its channel; `title` is what people call it."""

    title: str
    module: str
    adapter: str

    def channel(self, timing: Timing | None = None) -> Channel:
        """A new channel that speaks it; an adapter with a clock has jobs and events too."""
        adapter = getattr(import_module(self.module), self.adapter)
        made: Channel = adapter() if timing is None or self.native else adapter(timing=timing)
        return made

    @property
    def native(self) -> bool:
        """Whether it is nREPL itself."""
        return self.adapter == "WireChannel"


_HERE: Final = "repl_connect.adapters"

DIALECTS: Final[dict[str, Dialect]] = {
    "nrepl": Dialect("nREPL", "repl_connect.channel", "WireChannel"),
    "guile": Dialect("Guile", f"{_HERE}.guile", "GuileAdapter"),
    "clojure": Dialect("Clojure's socket REPL", f"{_HERE}.clojure", "ClojureAdapter"),
    "prepl": Dialect("Clojure's prepl", f"{_HERE}.clojure", "PreplAdapter"),
    "sbcl": Dialect("SBCL", f"{_HERE}.sbcl", "SbclAdapter"),
    "swank": Dialect("Swank", f"{_HERE}.swank.adapter", "SwankAdapter"),
    "racket": Dialect("Racket", f"{_HERE}.racket", "RacketAdapter"),
    "scm": Dialect("SCM", f"{_HERE}.scm", "ScmAdapter"),
    "node": Dialect("Node's repl", f"{_HERE}.node", "NodeAdapter"),
    "python": Dialect("a Python console", f"{_HERE}.python", "PythonAdapter"),
    "prompt": Dialect("a REPL with a prompt", f"{_HERE}.prompt", "PromptAdapter"),
    "line": Dialect("lines of text", f"{_HERE}.line", "LineAdapter"),
}
"""By name, in the order in which they are told of."""


def dialect_named(name: str) -> Dialect:
    """The dialect of that name. Raises `UsageError` if there is none."""
    if name not in DIALECTS:
        raise UsageError(f"There is no dialect {name!r}. There are: {', '.join(sorted(DIALECTS))}.")
    return DIALECTS[name]
