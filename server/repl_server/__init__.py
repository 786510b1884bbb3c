"""repl_server: a socket REPL that a Python program keeps alive inside itself.

import repl_server
server = repl_server.serve("./app.sock", namespace=globals())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repl_server.errors import AddressError, AddressInUseError, ServerError
    from repl_server.threaded import Server, serve

__all__ = ["AddressError", "AddressInUseError", "Server", "ServerError", "serve"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from repl_server import errors, threaded

    found = getattr(threaded if name in ("Server", "serve") else errors, name)
    globals()[name] = found
    return found
