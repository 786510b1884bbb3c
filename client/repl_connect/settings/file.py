"""The file's text, made into settings: each table and each key is checked, with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final

from repl_connect.address import parse_address
from repl_connect.errors import AddressError
from repl_connect.settings.lines import key_lines
from repl_connect.settings.names import name_problem
from repl_connect.settings.nearest import Names, did_you_mean, nearest
from repl_connect.settings.option import toml_text
from repl_connect.settings.options import OPTIONS, SECTIONS
from repl_connect.settings.settings import Partner, Settings

__all__ = ["read_file", "syntax_problem"]

_MOST_PROBLEMS: Final = 20
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_TABLES: Final = ("keys", "partners", "colors")
_TEXT_FIELDS: Final = ("address", "dialect", "language", "source")
_LIST_FIELDS: Final = ("tags", "forms")


def read_file(
    text: str,
    name: str,
    actions: Names | None,
    styles: Names | None,
    problems: list[str],
) -> Settings:
    """The settings in a TOML text; `problems` gets a sentence, with `name`, for what is wrong."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{syntax_problem(text, name, error)}; the defaults are used.")
        return Settings()
    check = _Check(text, name)
    given = check.options(document)
    settings = Settings(
        given,
        dict.fromkeys(given, "file"),
        keys=check.keys(document, actions),
        partners=check.partners(document),
        colors=check.colors(document, styles),
    )
    found = check.problems
    problems += found[:_MOST_PROBLEMS]
    if len(found) > _MOST_PROBLEMS:
        problems.append(f"{name}: {len(found) - _MOST_PROBLEMS} more like these.")
    return settings


def syntax_problem(text: str, name: str, error: Exception) -> str:
    """What `tomllib` says of a text, the place in front, without a full stop."""
    if isinstance(error, RecursionError):
        return f"{name}: it is nested too deeply"
    words, found, place = str(error).rpartition(" (at ")
    place = place.removesuffix(")")
    if not found:
        words, place = str(error), ""
    line, _, column = place.removeprefix("line ").partition(", column ")
    if place == "end of document":
        line = str(text.rstrip("\n").count("\n") + 1)
    where = f":{line}" if line.isdigit() else ""
    at = f" at column {column}" if column else ""
    words = "".join(char for char in words[:200] if char.isprintable())
    return f"{name}{where}: {words[:1].lower()}{words[1:]}{at}"


class _Check:
    """One file's check; `problems` are the sentences so far."""

    def __init__(self, text: str, name: str) -> None:
        self.problems: list[str] = []
        self._text = text
        self._name = name

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        return key_lines(self._text)  # only for what is wrong

    def _say(self, path: tuple[str, ...], words: str) -> None:
        while path and path not in self._lines:
            path = path[:-1]
        line = f":{self._lines[path]}" if path else ""
        self.problems.append(f"{self._name}{line}: {words}")

    def options(self, document: Mapping[str, object]) -> dict[str, object]:
        """What the tables of options say, by the options' names."""
        given: dict[str, object] = {}
        for section, table in document.items():
            if section in _TABLES:
                continue
            if section not in SECTIONS:
                known = [*SECTIONS, *_TABLES] if isinstance(table, dict) else OPTIONS
                near = nearest(section, known)
                meant = f"; did you mean `{near}`?" if near else "."
                self._say((section,), f"there is no `{_shown(section)}`{meant}")
                continue
            for key, value in self._table((section,), table).items():
                name = f"{section}.{key}"
                option = OPTIONS.get(name)
                if option is None:
                    near = did_you_mean(name, OPTIONS)
                    self._say((section, key), f"there is no `{_shown(name)}`{near}")
                    continue
                try:
                    given[name] = option.checked(value)
                except ValueError as error:
                    near = did_you_mean(value, option.choices) if isinstance(value, str) else "."
                    self._say((section, key), f"`{name}` {error}{near}")
        return given

    def keys(
        self, document: Mapping[str, object], names: Names | None
    ) -> dict[str, tuple[tuple[str, ...], ...]]:
        """The key sequences of each action."""
        keys: dict[str, tuple[tuple[str, ...], ...]] = {}
        table = self._table(("keys",), document.get("keys", {}))
        actions = _known(names) if table else None
        for action, value in table.items():
            path = ("keys", action)
            if actions is not None and action not in actions:
                near = did_you_mean(action, actions)
                self._say(path, f"there is no action `{_shown(action)}`{near}")
                continue
            texts = self._texts(path, value, "a key or a list of keys")
            if texts is None:
                continue
            for text in texts:
                if not text.split() or (actions is not None and not _is_key(text)):
                    example = '"f1", "c-x c-e", "escape enter"'
                    self._say(
                        path, f"{toml_text(text)} is no key; keys are written like {example}."
                    )
                    break
            else:
                keys[action] = tuple(tuple(text.split()) for text in texts)
        return keys

    def colors(self, document: Mapping[str, object], names: Names | None) -> dict[str, str]:
        """The style strings of style classes."""
        colors: dict[str, str] = {}
        table = self._table(("colors",), document.get("colors", {}))
        styles = _known(names) if table else None
        for style, value in table.items():
            path = ("colors", style)
            if styles is not None and style not in styles:
                near = did_you_mean(style, styles)
                self._say(path, f"there is no style `{_shown(style)}`{near}")
            elif not isinstance(value, str) or (styles is not None and not _is_style(value)):
                example = '"ansired bold", "#ff8800 bg:#202020"'
                self._say(path, f"{toml_text(value)} is no style; one is written like {example}.")
            else:
                colors[style] = value
        return colors

    def partners(self, document: Mapping[str, object]) -> dict[str, Partner]:
        """The partners whose address can be read."""
        partners: dict[str, Partner] = {}
        for name, table in self._table(("partners",), document.get("partners", {})).items():
            path = ("partners", name)
            fields = self._table(path, table)
            problem = name_problem(name)
            if problem is not None:
                self._say(path, f"\"{_shown(name)}\" can't be a partner's name: it {problem}.")
                continue
            texts: dict[str, str] = {}
            lists: dict[str, tuple[str, ...]] = {}
            for key, value in fields.items():
                if key in _LIST_FIELDS:
                    items = self._texts((*path, key), value, "a list of texts")
                    lists[key] = items or ()
                elif key not in _TEXT_FIELDS:
                    near = did_you_mean(key, (*_TEXT_FIELDS, *_LIST_FIELDS))
                    self._say((*path, key), f"a partner has no `{_shown(key)}`{near}")
                elif isinstance(value, str):
                    if self._is_known(path, key, value):
                        texts[key] = value
                else:
                    self._say((*path, key), f"`{key}` takes a text, not {toml_text(value)}.")
            address = texts.get("address")
            if address is None:
                if isinstance(table, dict) and not isinstance(fields.get("address", ""), str):
                    continue  # that was said above
                if isinstance(table, dict):
                    self._say(path, f"the partner `{_shown(name)}` has no `address`.")
                continue
            try:
                parse_address(address)
            except AddressError as error:
                self._say((*path, "address"), str(error))
                continue
            partners[name] = Partner(
                name=name,
                address=address,
                dialect=texts.get("dialect"),
                language=texts.get("language"),
                tags=self._tags(path, lists.get("tags", ())),
                forms=lists.get("forms", ()),
                source=texts.get("source"),
            )
        return partners

    def _is_known(self, path: tuple[str, ...], key: str, value: str) -> bool:
        """Whether a field may have this value."""
        from repl_connect.dialects import DIALECTS
        from repl_connect.languages import LANGUAGES

        names = {"dialect": DIALECTS, "language": LANGUAGES}.get(key)
        if names is None or value in names:
            return True
        self._say((*path, key), f"there is no {key} `{_shown(value)}`{did_you_mean(value, names)}")
        return False

    def _tags(self, path: tuple[str, ...], tags: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the tags that can be typed, each once."""
        for tag in tags:
            problem = name_problem(tag)
            if problem is not None:
                self._say((*path, "tags"), f'"{_shown(tag)}" can\'t be a tag: it {problem}.')
        return tuple(dict.fromkeys(tag for tag in tags if name_problem(tag) is None))

    def _table(self, path: tuple[str, ...], value: object) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        name = _shown(".".join(path))
        self._say(path, f"`{name}` is a table, [{name}], not {toml_text(value)}.")
        return {}

    def _texts(self, path: tuple[str, ...], value: object, takes: str) -> tuple[str, ...] | None:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._say(path, f"`{_shown(path[-1])}` takes {takes}, not {toml_text(value)}.")
        return None


def _known(names: Names | None) -> Collection[str] | None:
    return names() if callable(names) else names


def _shown(name: str) -> str:
    """A name for a message."""
    return toml_text(name)[1:-1]


def _is_key(text: str) -> bool:
    from prompt_toolkit.key_binding import KeyBindings

    try:
        KeyBindings().add(*text.split())
    except ValueError:
        return False
    return True


def _is_style(text: str) -> bool:
    from prompt_toolkit.styles import Style

    try:
        Style([("checked", text)])
    except ValueError:
        return False
    colors = [word.partition("#")[2] for word in text.split() if "#" in word]
    return all(set(color) <= _HEXADECIMAL for color in colors)  # prompt_toolkit takes any letter
