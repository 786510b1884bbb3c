"""Asking what a name is, and which names there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from repl_connect.prompt.commands.asking import ask, connected, session_of
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import line_of, table
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import maps_of
from repl_connect.session import Candidate, Completions

__all__ = ["NAMES"]

_SERVERS_MOST: Final = 500  # completions that repl_server answers at most


def _document(front_end: FrontEnd, name: str) -> None:
    if session_of(front_end, "lookup") is not None:
        front_end.show_documentation(name)


def _source(front_end: FrontEnd, name: str) -> None:
    if session_of(front_end, "lookup") is not None:
        front_end.show_documentation(name, source=True)


def _apropos(front_end: FrontEnd, word: str) -> None:
    link = connected(front_end)
    if link is None:
        return
    if link.session.supports("apropos"):
        ask(
            front_end,
            {"op": "apropos", "query": word, "session": link.session.tool},
            lambda reply: _show_matches(front_end, word, _matches(reply)),
        )
        return
    if session_of(front_end, "completions") is None:
        return
    holder, dot, part = word.rpartition(".")
    start = holder + dot

    def found(completions: Completions) -> None:
        wanted = [
            candidate
            for candidate in completions.candidates
            if part.lower() in candidate.text.rpartition(".")[2].lower()
        ]
        _show_matches(front_end, word, wanted, place=f"in {holder}" if holder else "by this name")
        if len(completions.candidates) >= _SERVERS_MOST:
            front_end.note(f"Looked at the first {len(completions.candidates)} names only.")

    if start or link.session.description is None or link.session.description.completes_text:
        link.session.complete(start, start, found)
    else:  # a server that completes names only has to be told how they begin
        link.session.complete(word, word, found)


def _matches(reply: dict[str, Any]) -> list[Candidate]:
    return [
        Candidate(
            text=str(match.get("name", "")),
            type=str(match.get("type") or ""),
            doc=line_of(match.get("doc")),
        )
        for match in maps_of(reply.get("apropos-matches"))
    ]


def _show_matches(
    front_end: FrontEnd, word: str, found: Sequence[Candidate], place: str = "by this name"
) -> None:
    if not found:
        front_end.note(f"Nothing is known {place} with {line_of(word)} in it.")
        return
    rows = [(each.text, each.type, each.arguments or each.doc) for each in found]
    front_end.say(table(front_end.columns, ("name", "kind", "arguments"), rows))


NAMES: Final = (
    Command(
        names=("doc",),
        argument="NAME",
        doc="what is known about a name; F1: at the cursor",
        run=_document,
    ),
    Command(
        names=("source",),
        argument="NAME",
        doc="the source of what has this name",
        run=_source,
        more="The other side sends it, or it is read here if its file is on this machine.",
    ),
    Command(
        names=(),
        other_names=("apropos",),
        argument="WORD",
        doc="the names that have a word in them",
        run=_apropos,
        more="Where the server has no search of its own, the names one can complete are looked "
        "through; `math.sq` looks at the names in math.",
        example=",apropos error",
    ),
)
