"""An ADDRESS on the command line: one to be read as it is, or a partner's name."""

from __future__ import annotations

from typing import NamedTuple

from repl_connect.address import Address, parse_address
from repl_connect.errors import AddressError

__all__ = ["ADDRESS_HELP", "Target", "partner_names", "target_of"]

ADDRESS_HELP = "where it listens: ./x.sock, host:port, a port here, ssh://HOST/PATH, or @NAME"


class Target(NamedTuple):
    """Where to connect, and the dialect the configuration gives for it, if it does."""

    address: Address
    dialect: str | None = None


def target_of(text: str) -> Target:
    """Read an address, or look up a partner (`@NAME`) in the configuration.

    Raises `AddressError`; for a partner there is none of, with the nearest name.
    """
    if not text.startswith("@"):
        return Target(parse_address(text))
    from repl_connect.settings import load_settings

    loaded = load_settings()
    partners = loaded.settings.partners
    partner = partners.get(text[1:])
    if partner is not None:
        return Target(parse_address(partner.address), partner.dialect or None)
    if not partners:
        raise AddressError(
            f"{text}: there are no partners in {loaded.path}. "
            f'Add one: [partners.{text[1:] or "NAME"}] and below it address = "./x.sock".'
        )
    from difflib import get_close_matches

    near = get_close_matches(text[1:], partners, n=1)
    known = ", ".join(f"@{name}" for name in sorted(partners))
    raise AddressError(
        f"{text}: there is no such partner in {loaded.path}. "
        + (f"Did you mean @{near[0]}? " if near else "")
        + f"There are: {known}."
    )


def partner_names() -> list[str]:
    """The partners in the configuration, sorted."""
    from repl_connect.settings import load_settings

    return sorted(load_settings().settings.partners)
