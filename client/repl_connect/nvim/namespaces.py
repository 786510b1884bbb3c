"""Which namespace a buffer's code belongs to, as far as its text and its path tell."""

from __future__ import annotations

from typing import Final

from repl_connect.languages import Language
from repl_connect.session import Description

__all__ = ["knows_files", "namespaces_for", "namespaces_of_file"]

_MOST: Final = 5


def namespaces_for(
    language: Language, text: str, position: int, path: str, description: Description | None
) -> list[str]:
    """What the namespace of code at a position may be, the likeliest first; empty: the session's.

    `path` is the file's, empty if there is none; `description` is the other side's of itself.
    """
    named = language.namespace_at(text, position)
    return [named] if named is not None else namespaces_of_file(language, path, description)


def namespaces_of_file(language: Language, path: str, description: Description | None) -> list[str]:
    """The same of code whose text names none: by the path alone."""
    if knows_files(description):
        return [path] if path else []
    # A name without any qualification may as well be another's, so it is not tried.
    found = language.namespaces_of_path(path)
    return [each for each in found if "." in each or "/" in each][-_MOST:]


def knows_files(description: Description | None) -> bool:
    """Whether the other side knows itself as what it has loaded a file."""
    return description is not None and "repl-server" in description.versions
