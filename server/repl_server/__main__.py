"""`python -m repl_server [ADDRESS] [SCRIPT [ARGS…]]`: a program that clients can get into."""

from __future__ import annotations

import os
import signal
import sys
import threading
import types
from typing import Any

from repl_server.errors import ServerError
from repl_server.threaded import serve

USAGE = """\
Usage: python -m repl_server [ADDRESS] [SCRIPT [ARGS…]]

Serve a Python REPL to nREPL clients until SIGTERM or Ctrl-C. With SCRIPT (a name that ends in .py),
run it as the main program and let clients into its globals; the program ends when the script does.

ADDRESS is a path with a slash for a Unix socket, host:port, or a port (0: any free one). Without
it, the socket is made in the user's runtime directory; the line that is printed says where.
"""


def main(arguments: list[str]) -> int:
    """Serve, run the script if there is one, and give the exit status.

    `--until-eof` makes it end with its standard input: a client starts a server of its own so, and
    the server can't outlive it.
    """
    until_eof = False
    address: str | None = None
    while arguments and not arguments[0].endswith(".py"):
        argument = arguments.pop(0)
        if argument in ("-h", "--help"):
            print(USAGE, end="")
            return 0
        if argument == "--until-eof":
            until_eof = True
        elif argument.startswith("-") or address is not None:
            print(f"repl_server: what is {argument!r}?\n{USAGE}", end="", file=sys.stderr)
            return 2
        else:
            address = argument

    module = types.ModuleType("__main__")
    namespace = module.__dict__
    namespace["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    ended = threading.Event()
    try:
        server = serve(address, namespace=namespace)
    except (ServerError, OSError) as error:
        print(f"repl_server: {error}", file=sys.stderr)
        return 1
    with server:
        print(server.banner, flush=True)
        if arguments:
            signal.signal(signal.SIGTERM, _exit)
            if until_eof:
                _start_watching(lambda: os.kill(os.getpid(), signal.SIGTERM))
            run_script(arguments, namespace)
            return 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        if until_eof:
            _start_watching(ended.set)
        ended.wait()
    return 0


def run_script(arguments: list[str], namespace: dict[str, Any]) -> None:
    """Run a script as Python runs one: its arguments, its directory on the path, as `__main__`."""
    path = arguments[0]
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    namespace["__file__"] = path
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise SystemExit(f"repl_server: can't run {path}: {error.strerror}") from None
    try:
        exec(compile(text, path, "exec", dont_inherit=True), namespace)
    except SystemExit:
        raise
    except BaseException as error:
        from repl_server.traceback_text import trimmed

        error.__traceback__ = trimmed(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        raise SystemExit(1) from None


def _exit(*_signal: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _start_watching(end: Any) -> None:
    def watch() -> None:
        while os.read(0, 65_536):
            pass
        end()

    threading.Thread(target=watch, name="repl-server-stdin", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
