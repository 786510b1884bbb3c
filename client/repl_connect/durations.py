"""Times in words."""

from __future__ import annotations

from typing import Final

__all__ = ["age", "duration"]

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def age(seconds: float, *, tenths: bool = True) -> str:
    """A time in its largest unit: `0.3 s`, without tenths `0 s`, `42 s`, `5 min`, `3 h`, `12 d`."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    seconds = max(seconds, 0.0)
    return f"{seconds:.1f} s" if tenths and seconds < 9.95 else f"{int(seconds)} s"


def duration(seconds: float, *, tenths: bool = True) -> str:
    """How long something took or runs: `80 ms`, `2.3 s`, `1 min 05 s`, `2 h 03 min`.

    Without tenths: `2 s`.
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.{int(tenths)}f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
