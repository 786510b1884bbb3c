"""The valid name that somebody may have meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

__all__ = ["Names", "did_you_mean", "nearest"]

Names = Collection[str] | Callable[[], Collection[str]]
"""Valid names, or what gives them once they are needed."""

_LONGEST = 100


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The name most like the text, if one is; a name's last part counts as the name."""
    import difflib  # only for what is wrong already

    given = text[:_LONGEST].lower().replace("-", "_")
    parts: dict[str, str] = {}
    for name in names:
        parts.setdefault(name.rpartition(".")[2].lower().replace("-", "_"), name)
        parts[name.lower().replace("-", "_")] = name
    found = difflib.get_close_matches(given, parts, n=1)
    if not found:
        found = difflib.get_close_matches(given.rpartition(".")[2], parts, n=1)
    return parts[found[0]] if found else None


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """The end of a sentence about a wrong name: a full stop, or a question."""
    name = nearest(text, names)
    return "." if name is None else f"; did you mean `{name}`?"
