"""repl_server: a socket REPL that a Python program keeps alive inside itself.

import repl_server
server = repl_server.serve("./app.sock", namespace=globals())
"""

from __future__ import annotations

# `typing` takes as long to import as half of this server. Type checkers know this name, and
# nothing on the way to a started server imports it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.aio import AsyncioServer, start
    from repl_server.coop import CoopServer
    from repl_server.dispatch.holding import restart
    from repl_server.errors import AddressError, AddressInUseError, ServerError, TokenError
    from repl_server.network.gate import make_token
    from repl_server.server import Server
    from repl_server.threaded import serve


__all__ = [
    "AddressError",
    "AddressInUseError",
    "AsyncioServer",
    "CoopServer",
    "Server",
    "ServerError",
    "TokenError",
    "make_token",
    "restart",
    "serve",
    "start",
]

__version__ = "0.1.0"

_PLACES = {
    "AsyncioServer": "aio",
    "CoopServer": "coop",
    "Server": "server",
    "make_token": "network.gate",
    "restart": "dispatch.holding",
    "serve": "threaded",
    "start": "aio",
}


def __getattr__(name: str) -> Any:
    # What is not used is not imported: asyncio alone takes 30 ms.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    place = f"{__name__}.{_PLACES.get(name, 'errors')}"
    __import__(place)  # `importlib` would be two more modules
    found = getattr(sys.modules[place], name)
    globals()[name] = found
    return found
