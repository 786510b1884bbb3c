"""Completion: what is asked, when it is not, and what is made of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from repl_connect.languages import language_named
from repl_connect.prompt.names.completion import SessionCompleter
from repl_connect.prompt.names.refinement import refined
from repl_connect.session import Candidate, Completions

OnResult = Callable[[Completions], None]


class Session:
    """Remembers what it was asked; answers when it is told to, or at once with `names`."""

    def __init__(self, *names: str, answers: bool = True) -> None:
        self.names = names
        self.answers = answers
        self.asked: list[tuple[str, str]] = []
        self.open: list[tuple[str, OnResult]] = []

    def complete(self, text: str, symbol: str, on_result: OnResult) -> None:
        self.asked.append((text, symbol))
        self.open.append((symbol, on_result))
        if self.answers:
            self.answer()

    def answer(self) -> None:
        for symbol, on_result in self.open:
            found = tuple(Candidate(name) for name in self.names if name.startswith(symbol))
            on_result(Completions(found, len(symbol)))
        self.open.clear()


def completer(
    session: Session, language: str = "python", *, text: bool = False, deadline: float = 10
) -> SessionCompleter:
    return SessionCompleter(
        session.complete,
        lambda: language_named(language),
        completes_text=lambda: text,
        deadline=deadline,
    )


async def found(completer: SessionCompleter, text: str, *, tab: bool = False) -> list[str]:
    event = CompleteEvent(text_inserted=not tab, completion_requested=tab)
    return [each.text async for each in completer.get_completions_async(Document(text), event)]


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(), 20)

    asyncio.run(bounded())


def test_a_longer_name_is_found_in_the_last_answer() -> None:
    async def main() -> None:
        session = Session("print", "property", "pow")
        one = completer(session)
        assert await found(one, "x = p") == ["print", "property", "pow"]
        assert await found(one, "x = pr") == ["print", "property"]
        assert await found(one, "x = ppt") == ["property"]  # its letters, in order
        assert session.asked == [("x = p", "p")]

    run(main)


def test_another_text_is_asked_about() -> None:
    async def main() -> None:
        session = Session("print", "property")
        one = completer(session)
        await found(one, "p")
        await found(one, "p.r")
        await found(one, "(p")
        one.forget()
        await found(one, "(p")
        assert [text for text, _ in session.asked] == ["p", "p.r", "(p", "(p"]

    run(main)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "'pri"),
        ("python", "# pri"),
        ("python", "x = 12"),
        ("python", "f("),
        ("python", ""),
        ("clojure", '"pri'),
        ("clojure", "; pri"),
        ("clojure", "(+ 12"),
    ],
)
def test_while_typing_only_names_are_asked_about(language: str, text: str) -> None:
    async def main() -> None:
        session = Session("print")
        assert await found(completer(session, language), text) == []
        assert session.asked == []

    run(main)


def test_a_server_that_reads_the_text_is_asked_in_strings_too() -> None:
    async def main() -> None:
        session = Session()
        one = completer(session, text=True)
        await found(one, "d['ca")
        await found(one, "# ca")
        assert session.asked == [("d['ca", "")]

    run(main)


def test_tab_finds_names_by_their_letters() -> None:
    async def main() -> None:
        session = Session("getattr", "globals")
        one = completer(session)
        assert await found(one, "gtr") == []
        assert await found(one, "gtr", tab=True) == ["getattr"]

    run(main)


def test_a_late_answer_is_dropped_and_only_one_request_is_on_its_way() -> None:
    async def main() -> None:
        session = Session("print", "property", answers=False)
        one = completer(session, deadline=0.01)
        assert await found(one, "p") == []
        assert await found(one, "pr") == []
        assert session.asked == [("p", "p")]
        session.answer()
        session.answers = True
        assert await found(one, "pri") == ["print"]
        assert [text for text, _ in session.asked] == ["p", "pri"]

    run(main)


def test_what_was_asked_about_another_text_is_not_waited_for() -> None:
    async def main() -> None:
        session = Session("print", answers=False)
        one = completer(session, deadline=1000)
        waiting = asyncio.ensure_future(found(one, "p"))
        while not session.asked:
            await asyncio.sleep(0)
        one.abandon()
        assert await waiting == []

    run(main)


def test_commands_are_completed_with_what_they_do() -> None:
    async def main() -> None:
        session = Session()
        event = CompleteEvent(text_inserted=True)
        one = completer(session)
        given = [each async for each in one.get_completions_async(Document(",qui"), event)]
        assert [each.text for each in given] == [",quit"]
        assert "leave" in given[0].display_meta_text
        assert session.asked == []

    run(main)


def test_commands_of_the_repl_are_offered_beside_ours() -> None:
    async def main() -> None:
        session = Session(",quit-guile")
        assert await found(completer(session, "guile"), ",qui") == [",quit", ",quit-guile"]

    run(main)


def test_code_in_a_command_is_completed() -> None:
    async def main() -> None:
        session = Session("print")
        assert await found(completer(session), ",time pr") == ["print"]
        assert session.asked == [("pr", "pr")]

    run(main)


def test_arguments_of_commands_are_completed() -> None:
    async def main() -> None:
        assert "prompt.theme" in await found(completer(Session()), ",set prompt.th")

    run(main)


def test_candidates_that_fit_come_in_a_good_order() -> None:
    names = ("getattr", "GET", "get", "widget", "gxext", "other")
    candidates = [Candidate(name) for name in names]
    assert [each.text for each in refined(candidates, "get")] == [
        "getattr",
        "get",
        "GET",
        "widget",
        "gxext",
    ]
    dotted = [Candidate("a.get"), Candidate("b.get")]
    assert refined(dotted, "a.gt") == (dotted[0],)
    assert refined(candidates, "") == tuple(candidates)
