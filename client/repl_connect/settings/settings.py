"""What the user has set: options by section, keys, partners, colours. It never changes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from repl_connect.errors import UsageError
from repl_connect.settings.nearest import did_you_mean
from repl_connect.settings.option import toml_text
from repl_connect.settings.options import (
    OPTIONS,
    ConnectionSettings,
    DashboardSettings,
    HistorySettings,
    LogSettings,
    PrintingSettings,
    PromptSettings,
)

__all__ = ["Partner", "Settings", "Shown", "option_name", "shown", "with_setting"]

_WHOLE: Final = 100_000
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Partner(NamedTuple):
    """A program that one connects to by name. `forms` are evaluated after connecting.

    `source` is where it was imported from, for one that was: `dask://…`.
    """

    name: str
    address: str
    dialect: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    source: str | None = None


class Settings:
    """The settings, a section an attribute: `settings.prompt.theme`.

    `keys` are, by action, the key sequences that do it (`("c-x", "c-e")`), instead of those it has
    by default; none of them leaves it without a key. `colors` are style strings by style class.
    `origins` say of what was set where: `file`, `environment` or `set`.
    """

    __slots__ = (
        *("colors", "connection", "dashboard", "given", "history", "keys", "log", "origins"),
        *("partners", "printing", "prompt"),
    )

    def __init__(
        self,
        given: Mapping[str, object] = _NOTHING,
        origins: Mapping[str, str] | None = None,
        *,
        keys: Mapping[str, tuple[tuple[str, ...], ...]] | None = None,
        partners: Mapping[str, Partner] | None = None,
        colors: Mapping[str, str] | None = None,
    ) -> None:
        self.given = given
        self.origins = origins or {}
        self.keys = keys or {}
        self.partners = partners or {}
        self.colors = colors or {}
        self.prompt = PromptSettings(given)
        self.connection = ConnectionSettings(given)
        self.history = HistorySettings(given)
        self.log = LogSettings(given)
        self.printing = PrintingSettings(given)
        self.dashboard = DashboardSettings(given)


class Shown(NamedTuple):
    """An option as it is: its value as TOML, and where that comes from."""

    name: str
    value: str
    origin: str


def shown(settings: Settings) -> list[Shown]:
    """All options, for people."""
    return [
        Shown(
            name,
            toml_text(settings.given.get(name, option.default), _WHOLE),
            settings.origins.get(name, "default"),
        )
        for name, option in OPTIONS.items()
    ]


def option_name(text: str) -> str:
    """The whole name of an option; its section may be left out: of several it is the prompt's.

    Raises `UsageError` with the nearest name for what is none.
    """
    if text in OPTIONS:
        return text
    found = [name for name in OPTIONS if name.rpartition(".")[2] == text]
    if len(found) > 1:
        found = [name for name in found if name.startswith("prompt.")]
    if len(found) == 1:
        return found[0]
    raise UsageError(f"There is no option `{text}`{did_you_mean(text, OPTIONS)}")


def with_setting(settings: Settings, name: str, text: str) -> Settings:
    """The settings with one option changed, as `,set NAME VALUE` does.

    Raises `UsageError` for what is no option, with the nearest, and for what it can't be.
    """
    name = option_name(name)
    try:
        value = OPTIONS[name].parsed(text)
    except ValueError as error:
        near = did_you_mean(text, OPTIONS[name].choices)
        raise UsageError(f"`{name}` {error}{near}") from None
    return Settings(
        {**settings.given, name: value},
        {**settings.origins, name: "set"},
        keys=settings.keys,
        partners=settings.partners,
        colors=settings.colors,
    )
