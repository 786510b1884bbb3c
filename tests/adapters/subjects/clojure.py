"""Clojure's socket REPL, and its prepl."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapters.subject import FEATURES, Process, Subject, free_port
from adapters.subjects.nrepl import CLASS_PATH, JAVA, PHRASES

__all__ = ["SUBJECTS", "start_clojure"]


def start_clojure(directory: Path, *, accept: str, options: tuple[str, ...] = ()) -> Process:
    """A program with a server; `accept`: the function of `clojure.core.server` that serves it."""
    port = free_port()
    return Process(
        [
            *JAVA,
            *options,
            "-cp",
            CLASS_PATH,
            f'-Dclojure.server.repl={{:address "127.0.0.1" :port {port}'
            f" :accept clojure.core.server/{accept} :server-daemon false}}",
            "clojure.main",
            "-e",
            "@(promise)",
        ],
        f"127.0.0.1:{port}",
        directory=directory,
    )


SUBJECTS = tuple(
    Subject(
        name=f"Clojure, {name}",
        dialect=dialect,
        greeting=f"{name}, upgraded",
        needs=("java", "/usr/share/java/clojure.jar"),
        start=partial(start_clojure, accept=accept),
        phrases=PHRASES,
        supports=frozenset(FEATURES),
    )
    for name, dialect, accept in (
        ("socket REPL", "clojure", "repl"),
        ("prepl", "prepl", "io-prepl"),
    )
)
