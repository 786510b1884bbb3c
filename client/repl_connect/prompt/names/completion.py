"""Completion from the live program, which may answer late or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Final, NamedTuple

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from repl_connect.escapes import visible
from repl_connect.languages import Language
from repl_connect.prompt.names.refinement import refined
from repl_connect.session import Candidate, Completions

__all__ = ["COMPLETION_DEADLINE", "Complete", "SessionCompleter"]

COMPLETION_DEADLINE: Final = 0.3
"""Seconds after which an answer is of no use any more."""

_LOST: Final = 10.0  # seconds after which no answer is expected to a request
_FRESH: Final = 10.0  # seconds that an answer can be refined instead of asking again
_CUT: Final = 400  # candidates; an answer of so many may not be all there are
_SHOWN: Final = 200
_META: Final = 60
_LONGEST_TYPED: Final = 20_000  # characters; in a longer text one has to ask for completion


Complete = Callable[[str, str, Callable[[Completions], None]], None]
"""Asks what could stand at the end of a text: `Session.complete`. It may never answer."""


class _Answer(NamedTuple):
    text: str
    completions: Completions
    when: float


class SessionCompleter(Completer):
    """Asks the session, one request at a time; an answer after the deadline is dropped.

    `language` is the session's, `completes_text` whether it makes use of all the text.
    """

    def __init__(
        self,
        complete: Complete,
        language: Callable[[], Language],
        *,
        completes_text: Callable[[], bool] = lambda: False,
        deadline: float = COMPLETION_DEADLINE,
    ) -> None:
        self._complete = complete
        self._language = language
        self._completes_text = completes_text
        self._deadline = deadline
        self._request: asyncio.Future[Completions] | None = None
        self._asked_at = 0.0
        self._waiting: asyncio.Future[None] | None = None
        self._last: _Answer | None = None

    def forget(self) -> None:
        """What was answered may be so no more: something was evaluated, or the link is another."""
        self._last = None
        self._request = None

    def knows(self, text: str) -> bool:
        """Whether the last answer can tell the completions of this text."""
        return self._refinement(text) is not None

    def abandon(self) -> None:
        """The text is another: wait no more for what was asked about it."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Nothing: there is no waiting here."""
        del document, complete_event
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """What could stand before the cursor, as far as it is known in time."""
        text = document.text_before_cursor
        requested = complete_event.completion_requested
        language = self._language()
        if text.lstrip().startswith(","):
            text = text.lstrip()
            from repl_connect.prompt.names.command_completion import code_in, command_completions

            for completion in command_completions(text, language):
                yield completion
            code = code_in(text, language)
            if code is None:
                return
            text = code
        symbol = _meta_command(text) or language.symbol_before(text)
        if not requested and not self._is_worth_it(text, symbol, document):
            return
        completions = await self._found(text, symbol)
        if requested and not completions.candidates:
            completions = await self._found_loosely(text, symbol)
        for completion in _menu(text, completions):
            yield completion

    def _is_worth_it(self, text: str, symbol: str, document: Document) -> bool:
        """Whether to ask without having been told to: a name has begun, and it is a name."""
        if document.text_after_cursor[:1].isalnum() or len(text) > _LONGEST_TYPED:
            return False
        if symbol:
            return not symbol[0].isdigit()
        if not self._completes_text() or not (text[-1:].isalnum() or text[-1:] in "\"'_."):
            return False
        return self._language().context(text, len(text)) == "string"

    async def _found(self, text: str, symbol: str) -> Completions:
        """Of the last answer if it will do, or of a new one."""
        known = self._refinement(text)
        if known is None and await self._can_ask():
            known = self._refinement(text)
        if known is not None:
            return known
        if self._request is not None:
            return Completions()
        return await self._ask(text, symbol)

    async def _found_loosely(self, text: str, symbol: str) -> Completions:
        """Candidates that have the letters of the name in their order, after the first."""
        begun = symbol.rpartition(".")[2]
        if len(begun) < 2:
            return Completions()
        left = len(begun) - 1
        found = await self._found(text[:-left], symbol[:-left])
        word = text[len(text) - left - found.replaces :]
        return Completions(refined(found.candidates, word), found.replaces + left)

    def _refinement(self, text: str) -> Completions | None:
        """What the last answer says of this text; None if it can't be told from it."""
        last = self._last
        if last is None or not text.startswith(last.text):
            return None
        if asyncio.get_running_loop().time() - last.when > _FRESH:
            return None
        typed = text[len(last.text) :]
        if not typed:
            return last.completions
        candidates, replaces = last.completions
        if len(candidates) >= _CUT or not typed.replace("_", "").replace("-", "").isalnum():
            return None
        found = refined(candidates, text[len(last.text) - replaces :])
        return Completions(found, replaces + len(typed)) if found else None

    async def _can_ask(self) -> bool:
        """Wait for the answer to the last request, which is the only one; False if it has none."""
        request = self._request
        if request is None:
            return True
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked_at < _LOST:
            await self._answered_or_abandoned(request)
        elif self._request is request:
            self._request = None
        return self._request is None

    async def _ask(self, text: str, symbol: str) -> Completions:
        loop = asyncio.get_running_loop()
        request: asyncio.Future[Completions] = loop.create_future()
        self._request, self._asked_at = request, loop.time()

        def answered(completions: Completions) -> None:
            if self._request is request:
                self._request = None
            if not request.done():
                request.set_result(completions)
                if loop.time() - self._asked_at <= self._deadline:
                    self._last = _Answer(text, completions, loop.time())

        self._complete(text, symbol, answered)
        await self._answered_or_abandoned(request)
        return request.result() if request.done() else Completions()

    async def _answered_or_abandoned(self, request: asyncio.Future[Completions]) -> None:
        self._waiting = waiting = asyncio.get_running_loop().create_future()
        await asyncio.wait(
            (request, waiting), timeout=self._deadline, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()


def _meta_command(text: str) -> str:
    """A command of the REPL's own that is being typed."""
    return text if text.startswith(",") and text[1:].isalnum() else ""


def _menu(text: str, completions: Completions) -> Iterable[Completion]:
    """The lines of the menu. What stands before the last dot already is not shown again."""
    replaced = text[max(0, len(text) - completions.replaces) :]
    head = replaced.rpartition(".")[0]
    head = head + "." if head else ""
    for candidate in completions.candidates[:_SHOWN]:
        if "\n" in candidate.text or "\r" in candidate.text:
            continue
        name = candidate.text.removeprefix(head) or candidate.text
        yield Completion(
            candidate.text,
            -completions.replaces,
            display=visible(name),
            display_meta=_meta(candidate),
        )


def _meta(candidate: Candidate) -> str:
    """What kind of thing it is, and what it takes."""
    words = " ".join(visible(part) for part in (candidate.type, candidate.arguments) if part)
    words = " ".join(words.split())
    return words if len(words) <= _META else words[: _META - 1] + "…"
