"""What Neovim asks about places to connect to: what is live, and which partners there are."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from repl_connect.escapes import visible
from repl_connect.nvim.requests import Servers

__all__ = ["list_servers"]


def list_servers(request: Servers, on_result: Callable[[Any], None]) -> None:
    """Look at what is live, seen from a directory, in a thread that nobody has to wait for.

    The result comes in the loop: a map with `servers` (the nearest first; each has `address`,
    `language`, `program`, `directory`, and whether it is `local` and `embedded`), `partners` (with
    their `@`) and `stale` (sentences).
    """
    loop = asyncio.get_running_loop()

    def look() -> None:
        try:
            found = _found(request.directory)
        except Exception as error:  # whatever it was, who has asked waits
            traceback.print_exception(error)
            found = {"servers": [], "partners": [], "stale": []}
        with suppress(RuntimeError):  # Neovim has left meanwhile
            loop.call_soon_threadsafe(on_result, found)

    threading.Thread(target=look, name="listing", daemon=True).start()


def _found(here: str) -> dict[str, Any]:
    from repl_connect.dialects import DIALECTS
    from repl_connect.listing import Server, survey
    from repl_connect.targets import partner_names

    def clean(text: str) -> str:
        return visible(text).replace("\n", " ")

    def shown(server: Server) -> dict[str, Any]:
        return {
            "address": clean(str(server.address)),
            "language": clean(server.spoken),
            "program": clean(server.short_program),
            "directory": "." if server.directory == here else clean(server.directory),
            "local": server.local,
            "embedded": server.embedded,
        }

    listing = survey(here)
    return {
        "servers": [shown(server) for server in listing.servers],
        "partners": [clean(f"@{name}") for name in partner_names()],
        "stale": [clean(each.words) for each in listing.stale],
        "dialects": list(DIALECTS),
    }
