"""What Neovim asks about places to connect to: what is live, and which partners there are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from repl_connect.nvim.requests import Servers
from repl_connect.prompt.showing.escapes import visible

__all__ = ["list_servers"]

_LONGEST: Final = 40  # characters of a program's command line


def list_servers(request: Servers, on_result: Callable[[Any], None]) -> None:
    """Look at what is live, seen from a directory, in a thread that nobody has to wait for.

    The result comes in the loop: a map with `servers` (the nearest first; each has `address`,
    `language`, `program`, `directory`, and whether it is `local` and `embedded`), `partners` (with
    their `@`) and `stale` (sentences).
    """
    loop = asyncio.get_running_loop()

    def look() -> None:
        found = _found(request.directory)
        with suppress(RuntimeError):  # Neovim has left meanwhile
            loop.call_soon_threadsafe(on_result, found)

    threading.Thread(target=look, name="listing", daemon=True).start()


def _found(here: str) -> dict[str, Any]:
    from repl_connect.cli.targets import partner_names
    from repl_connect.listing import Server, survey

    def clean(text: str) -> str:
        return visible(text).replace("\n", " ")

    def shown(server: Server) -> dict[str, Any]:
        program = clean(server.program) or "?"
        language = server.greeting.partition(",")[0] or server.language or "?"
        return {
            "address": clean(str(server.address)),
            "language": clean(language),
            "program": program if len(program) <= _LONGEST else program[: _LONGEST - 1] + "…",
            "directory": "." if server.directory == here else clean(server.directory),
            "local": server.local,
            "embedded": server.embedded,
        }

    stale = []
    listing = survey(here)
    for each in listing.stale:
        remedy = f" To remove it: {each.remedy}" if each.remedy else ""
        stale.append(clean(f"{each.problem}{remedy}"))
    return {
        "servers": [shown(server) for server in listing.servers],
        "partners": [clean(f"@{name}") for name in partner_names()],
        "stale": stale,
    }
