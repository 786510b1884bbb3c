"""A program served without a change to it: `REPL_SERVER=ADDRESS python script.py`.

The package's wheel brings `repl_server.pth`, which Python reads at its start; with `REPL_SERVER`
set, it calls `start` here before the program runs, and else does nothing.

- `REPL_SERVER`: where to serve; `%p` in it becomes the process's id.
- `REPL_SERVER_TOKEN`: the token; taken out of the environment, so that it does not go on to other
  programs. `REPL_SERVER_TOKEN_FILE`: a file that holds it, which also its first environment
  (`/proc/PID/environ`) does not show.

A program that starts others hands the variables on. Without `%p` only the first process serves; the
others say so in a line on standard error, and run as they would.
"""

from __future__ import annotations

import os
import sys

from repl_server.errors import TokenError

__all__ = ["mark", "served_address", "start", "token"]

_BY = "REPL_SERVER_BY"  # the process that serves it, for those it starts
_LONGEST_FILE = 4_096
_begun = False


def start() -> None:
    """Serve the program that is about to run, if its environment says so. Never raises."""
    from repl_server.network.log import say

    global _begun
    if _begun or sys.flags.ignore_environment:
        return
    _begun = True  # in a virtual environment, Python reads each .pth twice
    try:
        from repl_server.network.records import program_name

        if program_name() == "repl_server":
            return  # it reads the variables itself
        address = served_address()
        if address is None:
            return
        from repl_server.threaded import serve

        # The module is there before the program: its dictionary is the one the program will run in.
        namespace = sys.modules["__main__"].__dict__
        server = serve(address, namespace=namespace, token=token())
        mark(address)
        print(server.banner, file=sys.stderr, flush=True)
    except Exception as error:  # the program must not suffer
        say(f"process {os.getpid()} goes on without REPL_SERVER: {error}")


def served_address() -> str | None:
    """Where this process is to serve, by its environment; None if nowhere.

    Also where the process that started this one serves there: then a line is said.
    """
    given = os.environ.get("REPL_SERVER")
    if not given:
        return None
    if "%p" in given:
        return given.replace("%p", str(os.getpid()))
    pid, _, began = os.environ.get(_BY, "").partition(":")
    if pid.isascii() and pid.isdigit() and int(pid) != os.getpid():
        from repl_server.network.log import say
        from repl_server.network.records import is_alive

        if is_alive(int(pid), began):
            say(
                f"process {os.getpid()} is not served: REPL_SERVER={given} is process {pid}; "
                "with %p in it, each process gets its own"
            )
            return None
    return given


def mark(address: str) -> None:
    """Tell the processes that this one starts that it serves there."""
    from repl_server.network.records import process_start

    if os.environ.get("REPL_SERVER") == address:
        os.environ[_BY] = f"{os.getpid()}:{process_start(os.getpid())}"


def token(file: str | None = None) -> str | None:
    """The token: from this file, else by the environment; None if there is none.

    Takes it out of the environment. Raises `TokenError` if a file can't be read.
    """
    given = os.environ.pop("REPL_SERVER_TOKEN", None)
    file = file or os.environ.get("REPL_SERVER_TOKEN_FILE")
    if not file:
        return given or None
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read(_LONGEST_FILE).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise TokenError(f"The token can't be read from {file}: {why}.") from None
