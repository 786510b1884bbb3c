"""What Neovim asks of its host: one notification each, named as here, with one map of fields.

Of a dataclass they have what is used: making the rest would take a good part of the host's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

__all__ = [
    "Complete",
    "Configure",
    "Connect",
    "Disconnect",
    "Evaluate",
    "Interrupt",
    "ListHeld",
    "Look",
    "Provide",
    "Received",
    "Request",
    "Servers",
    "parsed",
]


@dataclass(kw_only=True, eq=False, repr=False)
class Configure:
    """From now on: `print_quota`: characters of a value, beyond which it is cut."""

    print_quota: int = 0


@dataclass(kw_only=True, eq=False, repr=False)
class Received:
    """A batch of messages was taken."""


@dataclass(kw_only=True, eq=False, repr=False)
class Connect:
    """Connect to an address as the user typed it, `@NAME` too, seen from a directory.

    `connection` is the number that it has from now on. One that there is connects again, at once.
    `session` is the one to take up again, if it is still there.
    """

    connection: int
    address: str
    directory: str
    dialect: str = ""
    session: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class Disconnect:
    """Say goodbye, or stop trying to connect again."""

    connection: int


@dataclass(kw_only=True, eq=False, repr=False)
class Evaluate:
    """Evaluate something of a buffer, or code of its own.

    `text` is the buffer's from row `first_row` on; rows count from 0, columns bytes from 0. `unit`
    says what is meant: `range` (from row and column up to end_row and end_column), one that the
    language knows (`form`, `root`, `cell`, `word`, …) around row and column, `code` (that of the
    field, which is of no buffer), `file` (the file `path`, as it is on disk), or `restart` (choose
    the restart of this name for a held error, with the value of `code` if there is any).
    """

    connection: int
    evaluation: int
    unit: str
    filetype: str = ""
    path: str = ""
    text: str = ""
    first_row: int = 0
    row: int = 0
    column: int = 0
    end_row: int = 0
    end_column: int = 0
    code: str = ""
    held: str = ""
    restart: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class Interrupt:
    """Stop what runs there, and what waits for the connection to be made."""

    connection: int


@dataclass(kw_only=True, eq=False, repr=False)
class Provide:
    """Answer for input, with its newline; the empty text is the end of input."""

    connection: int
    evaluation: int
    text: str


@dataclass(kw_only=True, eq=False, repr=False)
class ListHeld:
    """Ask for the errors that hold the program."""

    connection: int
    request: int


@dataclass(kw_only=True, eq=False, repr=False)
class Complete:
    """Ask what could stand at the end of `text`: the buffer's, up to the cursor.

    `head` is how the buffer begins, if `text` does not go back so far.
    """

    connection: int
    request: int
    text: str
    head: str = ""
    filetype: str = ""
    path: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class Look:
    """Ask about the name around a position of a text (from `first_row` on), or about `symbol`.

    The answer has `symbol`, `name`, `namespace`, `type`, `signatures`, `doc` and `place`, as far as
    they are known; with `source` also `definition`, a `Definition`; or else only `problem`, a
    sentence. With `call` it is about what is called there: `chunks` are pieces of its signature, at
    most `columns` wide, each with `name`, `current` or nothing, and `row` and `column` are where
    the call begins; there are no chunks if there is nothing to show.
    """

    connection: int
    request: int
    symbol: str = ""
    text: str = ""
    first_row: int = 0
    row: int = 0
    column: int = 0
    head: str = ""
    filetype: str = ""
    path: str = ""
    call: bool = False
    columns: int = 0
    source: bool = False


@dataclass(kw_only=True, eq=False, repr=False)
class Servers:
    """Ask what one can connect to, seen from a directory."""

    request: int
    directory: str


Request = (
    Configure
    | Received
    | Connect
    | Disconnect
    | Evaluate
    | Interrupt
    | Provide
    | ListHeld
    | Complete
    | Look
    | Servers
)

_KINDS: Final[Mapping[str, type[Request]]] = {
    kind.__name__.lower(): kind
    for kind in (
        *(Configure, Received, Connect, Disconnect),
        *(Evaluate, Interrupt, Provide, ListHeld, Complete, Look, Servers),
    )
}


def parsed(name: str, given: Mapping[str, Any]) -> Request:
    """The request of a notification. Raises `ValueError` for what is none."""
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"there is no request {name!r}")
    known = {field.name for field in fields(kind)}
    try:
        return kind(**{key: value for key, value in given.items() if key in known})
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
