"""What the command line says of partners, made into what is put into the file or taken out."""

from __future__ import annotations

import os
from collections.abc import Sequence

from repl_connect.address import UnixAddress, parse_address
from repl_connect.errors import AddressError
from repl_connect.settings.settings import Partner
from repl_connect.targets import targets_of

__all__ = ["names_of", "partner_of"]


def partner_of(
    name: str,
    address: str,
    *,
    dialect: str | None = None,
    language: str | None = None,
    tags: Sequence[str] = (),
    forms: Sequence[str] = (),
) -> Partner:
    """A partner as it is to stand in the file: a socket's path is made absolute.

    Raises `AddressError` for an address that is none.
    """
    if address.startswith("@"):
        raise AddressError(f"{address} is a name already: give the address it stands for.")
    parsed = parse_address(address)
    if isinstance(parsed, UnixAddress):
        says_nrepl = "nrepl+unix:" if address.startswith("nrepl+unix:") else ""
        address = f"{says_nrepl}{os.path.abspath(os.path.expanduser(parsed.path))}"
    return Partner(
        name=name.removeprefix("@"),
        address=address,
        dialect=dialect,
        language=language,
        tags=tuple(dict.fromkeys(tags)),
        forms=tuple(forms),
    )


def names_of(texts: Sequence[str]) -> list[str]:
    """The partners meant by names, with or without their `@`, and groups; each once.

    A name need not be in use. Raises `AddressError` for a group that nobody is in.
    """
    names: dict[str, None] = {}
    for text in texts:
        if text.endswith("*"):
            members = [target.partner for target in targets_of([f"@{text.removeprefix('@')}"])]
            names.update({partner.name: None for partner in members if partner is not None})
        else:
            names[text.removeprefix("@")] = None
    return list(names)
