"""`repl-connect doctor` without an address: this machine, this terminal, what is live."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Final

from repl_connect import __version__
from repl_connect.doctor.finding import Finding, State

__all__ = ["examine_machine"]

_NARROW: Final = 40
_LIBRARIES: Final = ("prompt_toolkit", "pygments")
_EDITORS: Final = ("nvim", "emacs")
_REPLS: Final = ("guile", "clojure", "clj", "bb", "sbcl", "racket", "java")


def examine_machine(here: str) -> list[Finding]:
    """Look at everything the client depends on, seen from the directory `here`."""
    return [
        *_versions(),
        *_terminal(),
        *_configuration(),
        *_tokens(),
        *_directories(),
        *_programs(),
        *_live(here),
    ]


def _ok(topic: str, fact: str) -> Finding:
    return Finding(State.OK, topic, fact)


def _versions() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    place = os.path.dirname(os.path.dirname(__file__))
    yield _ok("repl-connect", f"{__version__}, {place}")
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield _ok("Python", f"{python}, {sys.executable}, {sys.platform}")
    for name in _LIBRARIES:
        try:
            yield _ok(name, version(name))
        except PackageNotFoundError:
            yield Finding(
                State.WRONG,
                name,
                "is not installed: no prompt without it",
                f"{sys.executable} -m pip install {name}",
            )


def _terminal() -> Iterator[Finding]:
    term = os.environ.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Finding(
            State.NOTE, "terminal", "standard input or output is none: forms are read line by line"
        )
    elif term in ("", "dumb", "unknown"):
        yield Finding(
            State.WRONG,
            "terminal",
            f"TERM is {term or 'not set'}: no line editing, no colours",
            "export TERM=xterm-256color (if this is a modern terminal)",
        )
    else:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        narrow = columns < _NARROW
        yield Finding(
            State.NOTE if narrow else State.OK,
            "terminal",
            f"TERM={term}, {columns} columns, {rows} rows" + (": narrow" if narrow else ""),
        )
    yield _ok("colours", _colours(term))
    encoding = sys.stdout.encoding or "none"
    names = ", ".join(
        f"{name}={os.environ[name]}"
        for name in ("LC_ALL", "LC_CTYPE", "LANG")
        if os.environ.get(name)
    )
    fact = f"{encoding} ({names or 'no LANG'}; {locale.getpreferredencoding(False)})"
    if encoding.lower().replace("-", "") == "utf8":
        yield _ok("text", fact)
    else:
        yield Finding(
            State.WRONG,
            "text",
            f"{fact}: characters beyond {encoding} are shown as escapes",
            "export LANG=C.UTF-8",
        )


def _colours(term: str) -> str:
    if os.environ.get("NO_COLOR"):
        return "none (NO_COLOR)"
    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.output.color_depth import ColorDepth
    from prompt_toolkit.output.vt100 import Vt100_Output

    depth = ColorDepth.from_env()
    if depth is None:
        output = Vt100_Output(sys.stdout, lambda: Size(rows=24, columns=80), term)
        depth = output.get_default_color_depth()
    return {
        ColorDepth.DEPTH_1_BIT: "none",
        ColorDepth.DEPTH_4_BIT: "16",
        ColorDepth.DEPTH_8_BIT: "256 (more: PROMPT_TOOLKIT_COLOR_DEPTH=DEPTH_24_BIT)",
        ColorDepth.DEPTH_24_BIT: "16 million",
    }[depth]


def _configuration() -> Iterator[Finding]:
    from repl_connect.prompt.editing.actions import ACTIONS
    from repl_connect.prompt.look.style import STYLE_CLASSES
    from repl_connect.settings import load_settings, short_path

    loaded = load_settings({action.id for action in ACTIONS}, STYLE_CLASSES)
    path = short_path(loaded.path)
    if not os.path.lexists(loaded.path) and not loaded.problems:
        yield _ok("configuration", f"{path} is not there: everything has its default")
        return
    for problem in loaded.problems:
        yield Finding(
            State.WRONG,
            "configuration",
            problem,
            f"${{EDITOR:-vi}} {path}; repl-connect config check",
        )
    if not loaded.problems:
        yield _ok("configuration", f"{path}, {len(loaded.settings.partners)} partners")


def _tokens() -> Iterator[Finding]:
    path = os.environ.get("REPL_CONNECT_TOKEN_FILE")
    if os.environ.get("REPL_CONNECT_TOKEN"):
        yield _ok("token", "REPL_CONNECT_TOKEN is set")
    elif path:
        try:
            open_to_others = os.stat(path).st_mode & 0o077
            readable = os.access(path, os.R_OK)
        except OSError as error:
            yield Finding(
                State.WRONG,
                "token",
                f"REPL_CONNECT_TOKEN_FILE is {path}: {error.strerror}",
                "write the server's token into that file, or unset REPL_CONNECT_TOKEN_FILE",
            )
            return
        if not readable:
            yield Finding(State.WRONG, "token", f"{path} can't be read", f"chmod 600 {path}")
        elif open_to_others:
            yield Finding(State.WRONG, "token", f"{path} is open to others", f"chmod 600 {path}")
        else:
            yield _ok("token", path)


def _directories() -> Iterator[Finding]:
    from repl_connect.prompt.history.entries import history_path
    from repl_server.network.records import runtime_directory

    history = os.path.dirname(history_path("text"))
    nearest = history
    while not os.path.lexists(nearest) and nearest != os.path.dirname(nearest):
        nearest = os.path.dirname(nearest)
    if os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK):
        yield _ok("history", history if nearest == history else f"{history} (will be made)")
    else:
        yield Finding(
            State.WRONG,
            "history",
            f"{history} can't be written to ({nearest}): what you enter is not kept",
            f"ls -ld {nearest}; or set XDG_STATE_HOME to a directory of yours",
        )
    try:
        yield _ok("runtime files", f"{runtime_directory()} (yours alone)")
    except OSError as error:
        fact = (
            str(error)
            if isinstance(error, PermissionError) and not error.filename
            else (f"{error.filename}: {error.strerror}")
        )
        yield Finding(
            State.WRONG,
            "runtime files",
            f"{fact} Servers can't be found by their records.",
            "make XDG_RUNTIME_DIR a directory of yours with mode 700, or unset it",
        )


def _programs() -> Iterator[Finding]:
    for topic, names in (("editors", _EDITORS), ("REPLs", _REPLS)):
        found = [path for name in names if (path := shutil.which(name)) is not None]
        if found:
            yield _ok(topic, ", ".join(found))
        else:
            yield Finding(State.NOTE, topic, f"none of {', '.join(names)} is on PATH")
    for variable in ("VISUAL", "EDITOR", "PAGER"):
        command = os.environ.get(variable, "").split()
        if command and shutil.which(command[0]) is None:
            yield Finding(
                State.WRONG,
                variable,
                f"is {' '.join(command)}, which is not on PATH",
                f"export {variable}=vi (or another that is there)",
            )


def _live(here: str) -> Iterator[Finding]:
    from repl_connect.cli.list import rows
    from repl_connect.listing import survey

    listing = survey(here)
    if listing.servers:
        table = "\n".join(rows(listing.servers, here))
        yield _ok("live", table)
    else:
        yield Finding(State.NOTE, "live", "nothing", "repl-connect --python starts a Python")
    for server in listing.servers:
        if server.state == "busy":
            yield Finding(
                State.NOTE,
                "live",
                f"{server.address} accepts connections and does not answer: busy, or not polling",
                f"repl-connect doctor {server.address}",
            )
    for stale in listing.stale:
        yield Finding(State.NOTE, "stale", stale.problem, stale.remedy)
    for other in listing.others:
        yield Finding(State.NOTE, "no REPL", other)
