"""`repl-connect bridge`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from repl_connect.cli.command import DIALECT, Argument, Command, parser_of, seconds
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, target_of

if TYPE_CHECKING:
    import argparse

    from repl_connect.address import Address

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_args(arguments)
    target = target_of(options.address)
    dialect = options.dialect or target.dialect
    if options.stdio:
        for option in ("listen", "port_file", "token_file", "announce", "keep_jobs"):
            if getattr(options, option):
                raise UsageError(
                    f"--stdio serves the one client that started it: leave "
                    f"--{option.replace('_', '-')} out."
                )
        from repl_connect.bridge.running import serve_stdio

        return serve_stdio(
            target.address,
            dialect=dialect,
            eager=options.eager,
            unless_nrepl=options.unless_nrepl,
        )
    if options.unless_nrepl:
        raise UsageError(
            "--unless-nrepl is for an editor that can connect to an nREPL server itself: "
            "give --stdio too."
        )
    if options.keep_jobs is not None:
        return _keep_jobs(target.address, dialect, options)
    from repl_connect.bridge.running import serve_listening
    from repl_server.environment import token
    from repl_server.errors import ServerError

    try:
        asked_for = token(options.token_file)
    except ServerError as error:
        raise UsageError(str(error)) from None
    return serve_listening(
        target.address,
        options.listen,
        dialect=dialect,
        eager=options.eager,
        port_file=options.port_file,
        token=asked_for,
        announced_as=target.name.removeprefix("@") if options.announce else None,
    )


def _keep_jobs(address: Address, dialect: str | None, options: argparse.Namespace) -> ExitCode:
    for option in ("listen", "port_file", "token_file", "announce", "eager"):
        if getattr(options, option):
            raise UsageError(
                "With --keep-jobs it listens where `submit` and `result` look for it: leave "
                f"--{option.replace('_', '-')} out."
            )
    from repl_connect.jobs.keeper import keep_jobs

    return keep_jobs(address, dialect=dialect, grace=options.keep_jobs)


COMMAND: Final = Command(
    words="bridge",
    summary="serve any REPL to nREPL clients: editors, tools",
    description="Listen, and be an nREPL server for whatever REPL is at ADDRESS, so that every\n"
    "nREPL client can use it: many at once, each with sessions of its own where the\n"
    "REPL has such a thing. In front of an nREPL server, all that is said is passed\n"
    "on as it is, between Unix sockets, TCP and ssh. It runs until SIGTERM or\n"
    "Ctrl-C, and connects only while a client wants something.",
    arguments=(
        Argument(
            ("address",), ADDRESS_HELP, metavar="ADDRESS", optional=False, completes="address"
        ),
        Argument(
            ("--listen",),
            "a path, host:port, or a port (0: any free one), instead of the runtime directory",
            metavar="WHERE",
            completes="file",
        ),
        Argument(("--stdio",), "serve one client on standard input and output instead"),
        Argument(
            ("--unless-nrepl",),
            "with --stdio: look at once what is there; end if it is an nREPL server",
        ),
        Argument(("--eager",), "connect at once, and stay connected when no client is there"),
        Argument(("--port-file",), "write the port to .nrepl-port here, and remove it at the end"),
        Argument(
            ("--token-file",),
            "clients must give the token in this file; needed to listen beyond this machine",
            metavar="FILE",
            completes="file",
        ),
        Argument(
            ("--announce",),
            "tell the network (mDNS), where `list --lan` shows it; needs a token, and zeroconf",
        ),
        Argument(
            ("--keep-jobs",),
            "only keep jobs, as `submit` starts it: until the results were fetched, and so long "
            "after that",
            metavar="SECONDS",
            convert=seconds,
        ),
        DIALECT,
    ),
    examples=(
        ("repl-connect bridge ./guile-socket --listen 7888 --port-file", "Guile, for any editor"),
        ("repl-connect bridge ./app.sock --listen 7888", "a Unix socket, for clients without them"),
        ("repl-connect bridge ssh://ada@far/app.sock --listen ./far.sock", "a REPL far away"),
        ("repl-connect bridge @game --stdio", "for an editor that starts its server itself"),
    ),
    exit_codes={
        0: "it was ended",
        2: "the command line was not understood, or nobody can listen there",
        3: "with --eager: no connection; with --unless-nrepl also: it was lost",
        5: "with --unless-nrepl: an nREPL server is there, and was left alone",
    },
    run=_run,
)
