"""Who is there, in the words that a front end begins with."""

from __future__ import annotations

from repl_connect.escapes import visible
from repl_connect.link import Link

__all__ = ["greeting_of"]


def greeting_of(link: Link) -> list[str]:
    """Lines without control characters: who it is and how to leave, and what is advised."""
    description = link.session.description
    who = link.greeting or (description.greeting if description is not None else "")
    words = " at ".join(visible(part) for part in (who, link.name) if part)
    lines = [f"{words}. Ctrl-D leaves, ,help shows more."]
    if link.advice:
        lines.append(visible(link.advice))
    return lines
