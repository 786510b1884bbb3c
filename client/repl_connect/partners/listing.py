"""Partners, and what a check found of them, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from repl_connect.escapes import visible
from repl_connect.partners.checking import Check
from repl_connect.settings import Partner
from repl_connect.settings.names import name_problem
from repl_connect.tables import table_lines

__all__ = [
    "check_json",
    "check_rows",
    "partner_json",
    "partner_rows",
    "problem_lines",
    "with_marks",
]

_PARTNER_HEADER: Final = ("NAME", "ADDRESS", "DIALECT", "LANGUAGE", "TAGS", "FORMS")
_CHECK_HEADER: Final = ("NAME", "STATE", "LATENCY", "LANGUAGE", "ANSWERS", "ADDRESS")
_LONGEST: Final = 40  # characters of what may be long


def with_marks(words: Sequence[str]) -> list[str]:
    """Names and groups with the `@` that they may be given without; addresses as they are."""
    return [
        f"@{word}" if name_problem(word.removesuffix("/*")) is None or word == "*" else word
        for word in words
    ]


def partner_json(partner: Partner) -> dict[str, Any]:
    """A partner as scripts get it; `null` for what is not given."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in partner._asdict().items()
    }


def partner_rows(partners: Sequence[Partner]) -> list[str]:
    """A table of partners, lines that begin with its header."""
    return _table(
        _PARTNER_HEADER,
        [
            (
                f"@{partner.name}",
                partner.address,
                partner.dialect or "-",
                partner.language or "-",
                ", ".join(partner.tags) or "-",
                _short("; ".join(partner.forms)) or "-",
            )
            for partner in partners
        ],
    )


def check_json(check: Check) -> dict[str, Any]:
    """A check as scripts get it: `latency` in milliseconds, `null` for what is not known."""
    return {
        "name": check.name,
        "address": check.address,
        "state": check.state,
        "answers": check.answers or None,
        "language": check.language or None,
        "latency": None if check.latency is None else round(check.latency * 1000, 1),
        "problems": list(check.problems),
    }


def check_rows(checks: Sequence[Check]) -> list[str]:
    """A table of checks, sorted by name, lines that begin with its header."""
    return _table(
        _CHECK_HEADER,
        [
            (
                check.name,
                check.state,
                "-" if check.latency is None else f"{check.latency * 1000:.1f} ms",
                check.language or "-",
                _short(check.answers) or "-",
                check.address,
            )
            for check in sorted(checks, key=lambda check: check.name)
        ],
    )


def problem_lines(checks: Sequence[Check]) -> Iterator[str]:
    """A line for each thing that is wrong, which begins with the partner's name."""
    for check in sorted(checks, key=lambda check: check.name):
        for problem in check.problems:
            words = problem.removeprefix(f"{check.name}: ").removeprefix(f"{check.address}: ")
            yield f"{check.name}: {_line(words)}"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    return table_lines([header, *(tuple(_line(cell) for cell in row) for row in rows)])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _line(text: str) -> str:
    return visible(text).replace("\n", " ")
