"""The tables of the documents, made from `figures.json`, which `run.py --write` writes.

Numbers are rounded to three digits; what failed or was skipped is said in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.machine import REFERENCE
from bench.rows import BARE, LEAST, OURS, Figure, Row
from bench.targets import TARGETS, Target, here, reached

__all__ = ["FIGURES", "TABLES", "figures_of", "shown"]

FIGURES: Final = Path(__file__).with_name("figures.json")

_COLUMNS: Final = (BARE, LEAST, "Clojure nREPL", "manhole", "Guile")
"""What has a column of its own; the rest is in the last."""

_SHORT: Final = (
    *("rtt", "rtt-p99", "tcp-twice", "pipelined", "stdout", "value", "cold", "many-p99"),
    *("session-threads", "start", "poll", "prompt", "prompt-key", "key", "output"),
)
"""The metrics of the README's table."""

_QUIET: Final = 1.0
"""Above this load, before the first measurement, the machine is used by others."""

_REFERENCES: Final = {
    "start": ("`python -c pass`", 1e3, "ms"),
    "echo": ("a round trip of the C echo", 1e6, "µs"),
    "line": ("`print` of a line of 80 bytes to /dev/null", 1e6, "µs"),
}


def shown(value: float, unit: str) -> str:
    """A number with its unit; a time in the unit that fits."""
    if unit == "µs" and value >= 1000:
        return f"{value / 1000:.2f} ms"
    return f"{value:,.{0 if value >= 10_000 else 3 if value < 1 else 1}f} {unit}".rstrip()


def figures_of(result: dict[str, Any]) -> list[Figure]:
    """All figures of a run, of all its measures."""
    return [Figure(**each) for part in result["measures"].values() for each in part["figures"]]


def _machine(result: dict[str, Any]) -> str:
    """The machine, what is installed, and what it takes for what the targets are scaled by."""
    about = "; ".join(f"{name} {text}" for name, text in result["machine"].items())
    before, after = result["load"]
    kind = " with few samples" if result["quick"] else ""
    lines = [
        "",
        f"{result['date']}, `{result['command']}`{kind}, {result['seconds'] / 60:.0f} minutes; "
        f"load {before:.1f} before, {after:.1f} after. {about}.",
        "",
        _row("", "machine of the targets", "here", "slower by"),
        _row("---", "---", "---", "---"),
    ]
    if before > _QUIET or result["quick"]:
        doubt = (
            "**Other programs used the machine, or samples were few: these figures show nothing.**"
        )
        lines[2:2] = ["", doubt]
    for name, (what, factor, unit) in _REFERENCES.items():
        there, took = REFERENCE[name], result["here"][name]
        numbers = (_number(seconds * factor) for seconds in (there, took))
        lines.append(_row(what, *(f"{each} {unit}" for each in numbers), _number(took / there)))
    return "\n".join([*lines, ""])


def _targets(result: dict[str, Any]) -> str:
    """Each metric: ours, what is aimed at and what of it is reached, and others in the same run."""
    heads = ("", "unit", "ours", "excellent", "world-class", "reached", *_COLUMNS, "others")
    lines = ["", _row(*heads), _row(*("---" for _ in heads))]
    for metric, target in TARGETS.items():
        ours, machine = _ours(result, metric)
        others = {each.who: each for each in _others(result, metric)}
        rest = [each for who, each in others.items() if who not in _COLUMNS]
        lines.append(
            _row(
                target.what,
                target.unit,
                _cell(ours),
                _aim(target, target.excellent, machine),
                _aim(target, target.world_class, machine),
                reached(target, ours, machine) if ours is not None else "",
                *(_cell(others.get(who), missing="") for who in _COLUMNS),
                ", ".join(f"{each.who}: {_cell(each)}" for each in rest),
            )
        )
    return "\n".join([*lines, ""])


def _measured(result: dict[str, Any]) -> str:
    """Every row of the run."""
    heads = ("measure", "", "ours", "p99", "against", "", "p99", "ratio", "limit", "")
    lines = ["", _row(*heads), _row(*("---" for _ in heads))]
    for name, part in result["measures"].items():
        for each in part["rows"]:
            row = Row(**each)
            slow, other = (
                "" if value is None else shown(value, row.unit)
                for value in (row.p99, row.their_p99)
            )
            lines.append(
                _row(
                    f"`{name}`",
                    row.name,
                    shown(row.ours, row.unit),
                    slow,
                    row.against,
                    shown(row.theirs, row.unit),
                    other,
                    f"{row.ratio:.2f}",
                    "" if row.limit is None else f"{row.limit:.2f}",
                    ", ".join(each for each in ("" if row.within() else "OVER", row.note) if each),
                )
            )
        lines += [
            _row(f"`{name}`", f"{kind}: {part[kind]}", *([""] * 8))
            for kind in ("failed", "skipped")
            if kind in part
        ]
    return "\n".join([*lines, ""])


def _short(result: dict[str, Any]) -> str:
    """The best known metrics: ours, what is aimed at, the best of the others, what bounds it."""
    heads = ("", "ours", "excellent", "world-class", "best other here", "what bounds it")
    lines = ["", _row(*heads), _row(*("---" for _ in heads))]
    for metric in _SHORT:
        target = TARGETS[metric]
        ours, machine = _ours(result, metric)
        cells = []
        for number in (target.excellent, target.world_class):
            met = number is not None and ours is not None and ours.value is not None
            alone = target._replace(excellent=number, world_class=None)
            met = met and ours is not None and reached(alone, ours, machine) == "excellent"
            cells.append(_aim(target, number, machine) + (" ✓" if met else ""))
        floors = target.unit == "x floor"
        best = _best(target, _others(result, metric))
        lines.append(
            _row(
                f"{target.what}, in floors" if floors else target.what,
                _cell(ours, unit="" if floors else target.unit),
                *cells,
                f"{best.who} {_cell(best)}" if best is not None else "",
                target.bound,
            )
        )
    return "\n".join([*lines, ""])


def _ours(result: dict[str, Any], metric: str) -> tuple[Figure | None, float]:
    """Our figure, and how much slower this machine is for it."""
    figures = figures_of(result)
    found = next((each for each in figures if (each.metric, each.who) == (metric, OURS)), None)
    if found is not None and found.machine is not None:
        return found, found.machine
    scale = TARGETS[metric].scale
    return found, result["here"][scale] / REFERENCE[scale] if scale else 1.0


def _others(result: dict[str, Any], metric: str) -> list[Figure]:
    return [each for each in figures_of(result) if each.metric == metric and each.who != OURS]


def _best(target: Target, figures: list[Figure]) -> Figure | None:
    peers = [each for each in figures if each.value is not None and each.who not in (BARE, LEAST)]
    if not peers:
        return None
    return (max if target.more else min)(peers, key=lambda each: each.value or 0.0)


def _aim(target: Target, number: float | None, machine: float) -> str:
    if number is None:
        return ""
    sign = "≥" if target.more else "≤"
    if not target.scale:
        return f"{sign} {_number(number)}"
    return f"{sign} {_number(number)}, here {_number(here(target, number, machine))}"


def _cell(figure: Figure | None, missing: str = "not measured", unit: str = "") -> str:
    if figure is None:
        return missing
    if figure.value is None:
        return figure.note
    number = f"{_number(figure.value)} {unit}".rstrip()
    return f"{number} ({figure.note})" if figure.note else number


def _number(value: float) -> str:
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if value >= 0.001 or value == 0 else f"{value:.6f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _made(make: Callable[[dict[str, Any]], str]) -> Callable[[], str]:
    return lambda: make(json.loads(FIGURES.read_text(encoding="utf-8")))


TABLES: Final[dict[str, Callable[[], str]]] = {
    "machine": _made(_machine),
    "targets": _made(_targets),
    "measured": _made(_measured),
    "speed": _made(_short),
}
"""By the name of its place in a document."""
