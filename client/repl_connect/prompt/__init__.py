"""The terminal client: `run_prompt`.

On a terminal it is the prompt (`app`); else, and on a terminal that can do nothing (`TERM=dumb`), a
plain loop over lines (`plain`). Nothing heavy is imported before it is needed, and prompt_toolkit
is loaded while the connection is being made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from repl_connect.address import Address
from repl_connect.exit_codes import ExitCode
from repl_connect.link import Link

__all__ = ["run_prompt", "run_prompt_over"]

_PATIENCE: Final = 0.5  # seconds before it says that it is connecting


def run_prompt(
    address: Address | None, *, dialect: str | None = None, plain: bool = False
) -> ExitCode:
    """Connect, and let the user work until they leave. Raises `ReplConnectError`.

    Without an address a Python server of our own is started, and ended when the user leaves.
    """

    def connect_to(place: Address) -> Link:
        from repl_connect.connect import connect

        return connect(place, dialect=dialect)

    if address is not None:
        return run_prompt_over(lambda: connect_to(address), name=str(address), plain=plain)

    from repl_connect.embedded import EmbeddedServer

    with EmbeddedServer() as server:
        return run_prompt_over(
            lambda: connect_to(server.wait()),
            name="Python",
            program_output=server.program_output,
            plain=plain,
        )


def run_prompt_over(
    connect: Callable[[], Link],
    *,
    name: str = "",
    program_output: Mapping[str, int] | None = None,
    plain: bool = False,
) -> ExitCode:
    """Let the user work over the link that `connect` makes. Raises `ReplConnectError`.

    `connect` may block; it is called in a thread, and again for `,reconnect`. `name` is said when
    it takes long. `program_output` are descriptors of what a program of ours prints by itself, by
    stream (`out`, `err`); they are closed by whoever opened them.
    """
    dumb = os.environ.get("TERM") == "dumb"
    if plain or dumb or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from repl_connect.prompt.plain import run_plain

        return run_plain(connect, program_output=program_output)

    from repl_connect.prompt.typeahead import kept_typeahead

    with kept_typeahead(sys.stdin.fileno()):
        return _run_on_terminal(connect, name, program_output)


def _run_on_terminal(
    connect: Callable[[], Link], name: str, program_output: Mapping[str, int] | None
) -> ExitCode:
    from repl_connect.prompt.conversation import Connecting

    connecting = Connecting(connect)
    import asyncio

    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.input import create_input
    from prompt_toolkit.output.vt100 import Vt100_Output

    from repl_connect.prompt.app import Prompt

    link = connecting.wait(_PATIENCE)
    if link is None:
        sys.stderr.write(f"Connecting to {name} …\n" if name else "Connecting …\n")
        sys.stderr.flush()
        while link is None:
            link = connecting.wait(1.0)
    opened = link

    def size() -> Size:
        try:
            columns, rows = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            columns, rows = 0, 0
        return Size(rows=rows or 24, columns=columns or 80)

    async def run() -> ExitCode:
        # Where the cursor is matters to toolbars only; asking would cost a round trip each time.
        output = Vt100_Output(sys.stdout, size, os.environ.get("TERM"), enable_cpr=False)
        prompt = Prompt(
            opened, connect, input=create_input(), output=output, program_output=program_output
        )
        return await prompt.run()

    return asyncio.run(run())
