"""`python -m repl_server [OPTIONS] [ADDRESS] [SCRIPT [ARGS…]]`: a program clients can get into."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

from repl_server import environment
from repl_server.ending import Ending
from repl_server.errors import ServerError
from repl_server.program import Program, ProgramError
from repl_server.threaded import serve

USAGE = """\
Usage: python -m repl_server [OPTIONS] [ADDRESS] [[--] SCRIPT [ARGS…]]
       python -m repl_server [OPTIONS] [ADDRESS] -m MODULE [ARGS…]

Serve a Python REPL to nREPL clients until SIGTERM or Ctrl-C. With SCRIPT (a name that ends in .py,
or any after `--`) or MODULE, run it as the main program and let clients into its globals; all ends
when the program does.

ADDRESS is a path with a slash for a Unix socket, host:port, or a port (0: any free one). Without
it, REPL_SERVER in the environment says where (%p in it is the process's id); without that, the
socket is made in the user's runtime directory; the line that is printed says where.

Options:
  --token-file FILE  clients must give the token in FILE (16 characters at least); needed to listen
                     beyond this machine. Or REPL_SERVER_TOKEN, REPL_SERVER_TOKEN_FILE in the
                     environment.
  --port-file        write the port to .nrepl-port here, and remove it at the end
  --until-eof        end with the standard input
  -h, --help         show this
"""


class _Usage(Exception):
    """The arguments make no sense; the text says which."""


class _Options(NamedTuple):
    address: str | None = None
    token_file: str | None = None
    port_file: bool = False
    until_eof: bool = False
    help: bool = False
    script: str | None = None
    module: str | None = None
    arguments: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """Serve, run the program if there is one, and give the exit status.

    `--until-eof` makes it end with its standard input: a client starts a server of its own so, and
    the server can't outlive it.
    """
    try:
        options = _read(arguments)
    except _Usage as error:
        print(f"repl_server: {error}\n{USAGE}", end="", file=sys.stderr)
        return 2
    if options.help:
        print(USAGE, end="")
        return 0
    try:
        program = Program(
            script=options.script, module=options.module, arguments=list(options.arguments)
        )
        address = options.address or environment.served_address()
        server = serve(
            address,
            namespace=program.namespace,
            token=environment.token(options.token_file),
            port_file=options.port_file,
        )
    except (ServerError, ProgramError, OSError) as error:
        print(f"repl_server: {error}", file=sys.stderr)
        return 1
    if options.address is None and address is not None:
        environment.mark(address)
    if options.script is not None or options.module is not None:
        signal.signal(signal.SIGTERM, _exit)
        print(server.banner, flush=True)
        if options.until_eof:
            _start_watching(lambda: os.kill(os.getpid(), signal.SIGTERM))
        # The server ends at the process's exit: threads of the program may outlive its main one.
        program.run()
        return 0
    with server:
        end = Ending()
        print(server.banner, flush=True)
        if options.until_eof:
            _start_watching(end)
        end.wait()
    return 0


def _read(arguments: list[str]) -> _Options:
    options = _Options()
    left = list(arguments)

    def value(option: str) -> str:
        if not left:
            raise _Usage(f"{option} needs a value.")
        return left.pop(0)

    while left:
        argument = left.pop(0)
        if argument in ("-h", "--help"):
            return _Options(help=True)
        if argument == "--until-eof":
            options = options._replace(until_eof=True)
        elif argument == "--port-file":
            options = options._replace(port_file=True)
        elif argument == "--token-file":
            options = options._replace(token_file=value(argument))
        elif argument.startswith("--token-file="):
            options = options._replace(token_file=argument.partition("=")[2])
        elif argument == "-m":
            return options._replace(module=value(argument), arguments=tuple(left))
        elif argument == "--":
            return options._replace(script=value(argument), arguments=tuple(left))
        elif argument.endswith(".py"):
            return options._replace(script=argument, arguments=tuple(left))
        elif argument.startswith("-"):
            raise _Usage(f"what is {argument!r}?")
        elif options.address is not None:
            raise _Usage(f"what is {argument!r}? Before a script's name put --")
        else:
            options = options._replace(address=argument)
    return options


def _exit(*_signal: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _start_watching(end: Callable[[], object]) -> None:
    def watch() -> None:
        while os.read(0, 65_536):
            pass
        end()

    threading.Thread(target=watch, name="repl-server-stdin", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
