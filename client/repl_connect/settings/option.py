"""One thing that can be set: its type, its default, what it is for, and what it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, Self, TypeVar, cast, overload

__all__ = ["Option", "Section", "toml_text"]

_T = TypeVar("_T", bound=bool | int | float | str)

_MOST: Final = 1_000_000_000
_LONGEST: Final = 1_000  # characters of a text
_WORDS: Final = {
    **dict.fromkeys(("true", "on", "yes", "1"), True),
    **dict.fromkeys(("false", "off", "no", "0"), False),
}
_KINDS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


class Option(Generic[_T]):
    """A setting, as an attribute of its `Section`: read there, it is the value.

    `choices` are all the texts it may be; `least` and `most` bound a number. One `at_start` is
    used when the client starts, and later no more.
    """

    __slots__ = ("at_start", "choices", "default", "doc", "least", "most", "name")

    def __init__(
        self,
        default: _T,
        doc: str,
        *,
        choices: tuple[str, ...] = (),
        least: float = -_MOST,
        most: float = _MOST,
        at_start: bool = False,
    ) -> None:
        self.name = ""
        """With its section: `prompt.theme`."""
        self.default = default
        self.doc = doc
        self.choices = choices
        self.least = least
        self.most = most
        self.at_start = at_start

    @overload
    def __get__(self, section: None, owner: type[Section]) -> Self: ...
    @overload
    def __get__(self, section: Section, owner: type[Section]) -> _T: ...
    def __get__(self, section: Section | None, owner: type[Section]) -> Self | _T:
        if section is None:
            return self
        return cast(_T, section.given.get(self.name, self.default))

    @property
    def takes(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = _KINDS[type(self.default)]
        if isinstance(self.default, bool | str):
            return words
        if self.least > -_MOST:
            words += f" from {_plain(self.least)}"
        return words if self.most >= _MOST else f"{words} to {_plain(self.most)}"

    def checked(self, value: object) -> _T:
        """The value as it is in TOML, if it fits. Raises `ValueError` with a sentence's end."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value) if abs(value) <= _MOST else float("inf")
        if (
            type(value) is not kind
            or (self.choices and value not in self.choices)
            or (isinstance(value, int | float) and not self.least <= value <= self.most)
            or (isinstance(value, str) and len(value) > _LONGEST)
        ):
            raise ValueError(f"takes {self.takes}, not {toml_text(value)}")
        return value

    def parsed(self, text: str) -> _T:
        """A value typed by a user or taken from a variable. Raises `ValueError` as `checked`."""
        value: object = text
        try:
            if isinstance(self.default, bool):
                value = _WORDS.get(text.strip().lower(), text)
            elif isinstance(self.default, int):
                value = int(text)
            elif isinstance(self.default, float):
                value = float(text)
        except ValueError:
            pass
        return self.checked(value)


class Section:
    """The options of one table of the file; `given` are the values that are not defaults."""

    __slots__ = ("given",)

    section = ""

    def __init__(self, given: Mapping[str, object]) -> None:
        self.given = given

    def __init_subclass__(cls, *, section: str) -> None:
        cls.section = section
        for attribute, option in vars(cls).items():
            if isinstance(option, Option):
                option.name = f"{section}.{attribute}"

    @classmethod
    def options(cls) -> list[Option[bool] | Option[int] | Option[float] | Option[str]]:
        """Its options, in the order of the source."""
        return [option for option in vars(cls).values() if isinstance(option, Option)]


def toml_text(value: object, longest: int = 60) -> str:
    """A value as TOML writes it, without control characters; a text is cut at `longest`."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            text = str(value) if abs(value) < 10**18 else "a number of many digits"
        case float():
            text = f"{value!r}"
        case str():
            text = "".join(_escaped(char) for char in value[:longest])
            text = f'"{text}…"' if len(value) > longest else f'"{text}"'
        case list():
            text = "a list"
        case dict():
            text = "a table"
        case _:
            text = f"{value}"
    return text


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
