"""An ADDRESS on the command line: one to be read as it is, a partner's name, or a group of them.

@sim        the partner of that name in the configuration
@web/*      the partners with the tag `web`
@*          all partners
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from repl_connect.address import Address, parse_address
from repl_connect.errors import AddressError

if TYPE_CHECKING:
    from repl_connect.settings import Loaded, Partner

__all__ = [
    "ADDRESS_HELP",
    "GROUP_HELP",
    "Target",
    "group_names",
    "group_problems",
    "partner_names",
    "target_of",
    "targets_of",
]

ADDRESS_HELP = "where it listens: ./x.sock, host:port, a port here, ssh://HOST/PATH, or @NAME"
GROUP_HELP = "an address, @NAME, @TAG/* for all partners with a tag, @* for all"


class Target(NamedTuple):
    """Where to connect, and what the configuration says of it, if it is a partner."""

    address: Address
    dialect: str | None = None
    partner: Partner | None = None

    @property
    def name(self) -> str:
        """What the user calls it: `@sim`, or the address."""
        return f"@{self.partner.name}" if self.partner is not None else str(self.address)

    @property
    def forms(self) -> tuple[str, ...]:
        """What is to be evaluated in each new session."""
        return self.partner.forms if self.partner is not None else ()

    @property
    def language(self) -> str | None:
        """What is spoken there, for a REPL that does not tell: `language` of `connect`."""
        return self.partner.language if self.partner is not None else None


def target_of(text: str) -> Target:
    """Read an address, or look up a partner (`@NAME`) in the configuration.

    Raises `AddressError`; for a partner there is none of, with the nearest name; for a group.
    """
    if not text.startswith("@"):
        return Target(parse_address(text))
    loaded = _loaded()
    partner = loaded.settings.partners.get(text[1:])
    if partner is not None:
        return _target(partner)
    if text.endswith("*"):
        raise AddressError(f"{text} is a group: give one of them. {_known(loaded)}")
    raise AddressError(_unknown(text, loaded))


def targets_of(texts: Iterable[str]) -> list[Target]:
    """Read addresses, partners and groups: each target once, in the order they were named.

    Raises `AddressError` as `target_of`; for a group that nobody is in, with those there are.
    """
    found: dict[str, Target] = {}
    for text in texts:
        for target in _group(text) if _is_group(text) else [target_of(text)]:
            found.setdefault(target.name, target)
    return list(found.values())


def group_problems(texts: Iterable[str]) -> tuple[str, ...]:
    """If a group is among them: what is wrong in the configuration, so that some may be missing."""
    return _loaded().problems if any(map(_is_group, texts)) else ()


def partner_names() -> list[str]:
    """The partners in the configuration, sorted."""
    return sorted(_loaded().settings.partners)


def group_names() -> list[str]:
    """The groups that partners are in, as they are given: `@*` first, if there is a partner."""
    partners = _loaded().settings.partners
    tags = sorted({tag for partner in partners.values() for tag in partner.tags})
    return [f"@{name}*" for name in ("", *(f"{tag}/" for tag in tags))] if partners else []


def _is_group(text: str) -> bool:
    return text.startswith("@") and text.endswith("*")


def _group(text: str) -> list[Target]:
    loaded = _loaded()
    tag, slash, star = text[1:].rpartition("/")
    members = [
        partner
        for partner in loaded.settings.partners.values()
        if star == "*" and (tag in partner.tags if slash else True)
    ]
    if not members:
        raise AddressError(f"{text}: nobody is in this group. {_known(loaded)}")
    return [_target(partner) for partner in members]


def _target(partner: Partner) -> Target:
    return Target(parse_address(partner.address), partner.dialect or None, partner)


def _loaded() -> Loaded:
    from repl_connect.settings import load_settings

    return load_settings()


def _known(loaded: Loaded) -> str:
    """Which groups and partners there are, in a sentence."""
    partners = loaded.settings.partners
    if not partners:
        return f"There are no partners in {loaded.path}.{_mistakes(loaded)}"
    tags = sorted({tag for partner in partners.values() for tag in partner.tags})
    groups = ", ".join(["@*", *(f"@{tag}/*" for tag in tags)])
    names = ", ".join(f"@{name}" for name in sorted(partners))
    return f"There are the groups {groups} and the partners {names}.{_mistakes(loaded)}"


def _unknown(text: str, loaded: Loaded) -> str:
    partners = loaded.settings.partners
    if not partners:
        return f"{text}: there are no partners in {loaded.path}." + (
            _mistakes(loaded) or f" Add one: repl-connect partners add {text[1:] or 'NAME'} ADDRESS"
        )
    from difflib import get_close_matches

    near = get_close_matches(text[1:], partners, n=1)
    known = ", ".join(f"@{name}" for name in sorted(partners))
    return (
        f"{text}: there is no such partner in {loaded.path}. "
        + (f"Did you mean @{near[0]}? " if near else "")
        + f"There are: {known}.{_mistakes(loaded)}"
    )


def _mistakes(loaded: Loaded) -> str:
    """That a partner may be missing since the file can't all be read; empty if it can."""
    if not loaded.problems:
        return ""
    first, *others = loaded.problems
    more = f" `repl-connect partners` tells {len(others)} more." if others else ""
    return f" Not all of it could be read: {first}{more}"
