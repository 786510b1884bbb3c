"""Completion from the live program, which may answer late or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from repl_connect.languages import Language
from repl_connect.prompt.escapes import visible
from repl_connect.session import Candidate

__all__ = ["COMPLETION_DEADLINE", "SessionCompleter"]

COMPLETION_DEADLINE: Final = 0.3
"""Seconds after which an answer is of no use any more."""


class SessionCompleter(Completer):
    """Asks the session; an answer after the deadline is dropped.

    `complete` asks it, `language` gives its language, `commands` are the names of our own commands,
    which start with a comma.
    """

    def __init__(
        self,
        complete: Callable[[str, Callable[[list[Candidate]], None]], None],
        language: Callable[[], Language],
        commands: Iterable[str],
        *,
        deadline: float = COMPLETION_DEADLINE,
    ) -> None:
        self._complete = complete
        self._language = language
        self._commands = sorted(commands)
        self._deadline = deadline

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Nothing: there is no waiting here."""
        del document, complete_event
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The candidates for the name before the cursor."""
        del complete_event
        text = document.text_before_cursor
        if text.startswith(",") and " " not in text and "\n" not in text:
            for name in self._commands:
                if name.startswith(text[1:]):
                    yield Completion("," + name, -len(text), display_meta="command")
            return
        prefix = self._language().symbol_before(text)
        if not prefix:
            return
        for candidate in await self._ask(prefix):
            if "\n" not in candidate.text:
                yield Completion(
                    candidate.text,
                    -len(prefix),
                    display=visible(candidate.text),
                    display_meta=visible(candidate.type or ""),
                )

    async def _ask(self, prefix: str) -> list[Candidate]:
        answer: asyncio.Future[list[Candidate]] = asyncio.get_running_loop().create_future()

        def answered(candidates: list[Candidate]) -> None:
            if not answer.done():
                answer.set_result(candidates)

        self._complete(prefix, answered)
        try:
            return await asyncio.wait_for(answer, self._deadline)
        except TimeoutError:
            return []
