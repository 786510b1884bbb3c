"""Reading the settings: the file, then the variables. What is wrong is said, the rest is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, NamedTuple

from repl_connect.settings.nearest import Names, did_you_mean, nearest
from repl_connect.settings.options import OPTIONS
from repl_connect.settings.places import config_path, short_path
from repl_connect.settings.settings import Settings

__all__ = ["Loaded", "load_settings"]

_LARGEST: Final = 1024 * 1024  # bytes of the file
_PREFIX: Final = "REPL_CONNECT_"


class Loaded(NamedTuple):
    """The settings, with a sentence for each thing that is wrong. `path` may have no file."""

    settings: Settings
    problems: tuple[str, ...]
    path: str


def load_settings(actions: Names | None = None, styles: Names | None = None) -> Loaded:
    """The settings of the user; never raises for a bad file.

    `actions` are the names that `[keys]` may have, `styles` those that `[colors]` may, asked for
    only if the file has such a table; without them it is not checked. A value that is wrong leaves
    the default in place.
    """
    path = config_path()
    problems: list[str] = []
    settings = Settings()
    text = _read(path, problems)
    if text is not None:
        from repl_connect.settings.file import read_file

        settings = read_file(text, short_path(path), actions, styles, problems)
    settings = _with_variables(settings, os.environ, problems)
    return Loaded(settings, tuple(problems), path)


def _read(path: str, problems: list[str]) -> str | None:
    """The file's text; None if there is no file or nothing to use in it."""
    name = short_path(path)
    try:
        # Not blocking, should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            data = file.read(_LARGEST + 1) or b""
    except FileNotFoundError:
        if os.environ.get("REPL_CONNECT_CONFIG"):
            problems.append(f"{name}: there is no such file; REPL_CONNECT_CONFIG names it.")
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        problems.append(f"{name}: {why}; the defaults are used.")
        return None
    if len(data) > _LARGEST:
        problems.append(f"{name}: more than {_LARGEST} bytes; the defaults are used.")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(f"{name}:{line}: this is not UTF-8 text; the defaults are used.")
        return None


def _with_variables(
    settings: Settings, environment: Mapping[str, str], problems: list[str]
) -> Settings:
    """The settings, with what variables like `REPL_CONNECT_PROMPT__THEME` say instead."""
    given: dict[str, object] = {}
    for variable in sorted(environment):
        section, mark, key = variable.removeprefix(_PREFIX).lower().partition("__")
        if not variable.startswith(_PREFIX) or not mark:
            continue
        name = f"{section}.{key}"
        option = OPTIONS.get(name)
        if option is None:
            near = nearest(name, OPTIONS)
            meant = f"; did you mean {_variable(near)}?" if near else "."
            problems.append(f"{variable}: there is no option `{name}`{meant}")
            continue
        text = environment[variable]
        try:
            given[name] = option.parsed(text)
        except ValueError as error:
            problems.append(f"{variable}: {error}{did_you_mean(text, option.choices)}")
    if not given:
        return settings
    return Settings(
        {**settings.given, **given},
        {**settings.origins, **dict.fromkeys(given, "environment")},
        keys=settings.keys,
        partners=settings.partners,
        colors=settings.colors,
    )


def _variable(name: str) -> str:
    return _PREFIX + name.replace(".", "__").upper()
