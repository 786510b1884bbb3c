"""`repl-connect op`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from repl_connect.cli.command import DIALECT, WAIT, Argument, Command, parser_of, seconds
from repl_connect.errors import UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.targets import ADDRESS_HELP, target_of

__all__ = ["COMMAND"]


def _run(arguments: Sequence[str]) -> ExitCode:
    options = parser_of(COMMAND).parse_intermixed_args(arguments)
    target = target_of(options.address)
    from repl_connect.rawop import send_op

    return send_op(
        target.address,
        options.op,
        dict(_field(text) for text in options.field),
        timeout=options.timeout,
        wait=options.wait,
        dialect=options.dialect or target.dialect,
    )


def _field(text: str) -> tuple[str, Any]:
    """`KEY=TEXT`, or `KEY:=JSON` for what is no text. Raises `UsageError`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip(":"):
        raise UsageError(f"{text!r} is no field: give KEY=TEXT, or KEY:=JSON for a number or list.")
    if not key.endswith(":"):
        return key, value
    import json

    try:
        return key[:-1], json.loads(value)
    except ValueError as error:
        raise UsageError(f"{text!r}: what follows := is no JSON ({error}).") from None


COMMAND: Final = Command(
    words="op",
    summary="send one nREPL op, and print what is answered",
    description="Send one nREPL op as it is, and print every reply as a JSON object on a line\n"
    "of its own. It goes to a session opened for it, unless `session` is a field\n"
    "(empty: to none). `op ADDRESS describe` tells which ops there are.",
    arguments=(
        Argument(
            ("address",), ADDRESS_HELP, metavar="ADDRESS", optional=False, completes="address"
        ),
        Argument(("op",), "the op's name", metavar="OP", optional=False),
        Argument(("field",), "KEY=TEXT, or KEY:=JSON", metavar="FIELD", several=True),
        Argument(
            ("--timeout",),
            "leave if it has not ended after so long",
            metavar="SECONDS",
            convert=seconds,
        ),
        WAIT,
        DIALECT,
    ),
    examples=(
        ("repl-connect op 7888 describe", "what the server can do"),
        ("repl-connect op ./app.sock lookup sym=json.dumps", "what is known about a name"),
        ("repl-connect op ./app.sock describe verbose?:=1", "a field that is a number"),
    ),
    exit_codes={
        0: "it was answered",
        1: "the answer says `error`",
        2: "the command line was not understood",
        3: "no connection, or it was lost",
        4: "the time was up",
        130: "Ctrl-C",
    },
    run=_run,
)
