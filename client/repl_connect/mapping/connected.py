"""A partner that is connected, on an asyncio loop: one evaluation at a time, each within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from repl_connect.connect import connect
from repl_connect.conversation.awaiting import link_from
from repl_connect.conversation.conversation import Conversation
from repl_connect.errors import ConnectError, ConnectionLost
from repl_connect.languages import Language, language_of
from repl_connect.link import Link
from repl_connect.mapping.collecting import KEPT, Collected
from repl_connect.mapping.outcome import INTERRUPTED, LOST, OK, TIMEOUT, Outcome
from repl_connect.session import Done, Evaluation, Event, NeedInput, Output
from repl_connect.targets import Target

__all__ = ["GRACE", "Connected"]

GRACE: Final = 3.0
"""Seconds that an evaluation gets to end after it was interrupted."""


_LINES: Final = "It is no REPL: the line was sent, and what comes back is not waited for."


class Connected:
    """One partner. `problem` says why it can't be used any more: it was lost, or hangs."""

    def __init__(self, target: Target, on_note: Callable[[str], None]) -> None:
        self.target = target
        self.problem = ""
        self.gone = asyncio.Event()
        """Set when the connection is lost."""
        self._on_note = on_note
        self._conversation = Conversation(lambda _: None, self._lost)
        self._collected = Collected()  # what comes of the next evaluation
        self._is_lines = False
        self._stopping = ""
        self._wake = asyncio.Event()  # something has happened

    @property
    def language(self) -> Language:
        """The language of what is there; what the configuration says where it does not tell."""
        link = self._conversation.link
        return language_of(link.session.description if link is not None else None)

    async def connect(self, timeout: float) -> None:
        """Connect, and evaluate the partner's forms, each of the two within `timeout` seconds.

        Raises `ReplConnectError`.
        """

        def connected(resume: str | None) -> Link:
            return connect(
                self.target.address,
                dialect=self.target.dialect,
                timeout=timeout,
                tool=False,
                language=self.target.language,
                resume=resume,
            )

        link = await link_from(connected)
        link.session.print_quota = KEPT
        description = link.session.description
        self._is_lines = description is not None and description.is_lines
        self._conversation.attach(link)
        if self.target.forms:
            await self._evaluate_forms(link, timeout)

    async def evaluate(self, code: str, timeout: float, namespace: str | None = None) -> Outcome:
        """Evaluate code; interrupt it after `timeout` seconds. There is always an outcome.

        What it reads meets the end of input.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        collected = self._collected
        self._collected = Collected()
        link = self._conversation.link
        if link is None:
            return Outcome(self.target.name, None, LOST, problem=self.problem)
        session = link.session

        def happened(event: Event) -> None:
            collected.add(event)
            if isinstance(event, NeedInput):
                session.give_input("", evaluation)
            elif isinstance(event, Done):
                self._wake.set()

        evaluation = Evaluation("", code, happened)  # until it is sent
        with self._conversation.guarded():
            evaluation = session.evaluate(code, happened, namespace=namespace)
        problem = ""
        if not await self._until(lambda: bool(collected.done or self._stopping), timeout):
            problem = f"It did not end in {timeout:g} s and was interrupted"
        elif collected.done is None:
            problem = self._stopping
        state = INTERRUPTED if self._stopping else TIMEOUT
        if problem:
            problem = await self._interrupted(evaluation, collected, problem)
        outcome = collected.outcome(self.target.name, stopped=state, problem=problem)
        if outcome.state == OK and self._is_lines:
            outcome = outcome._replace(problem=_LINES)
        return outcome._replace(seconds=clock() - started)

    def stop(self, reason: str) -> None:
        """Interrupt what runs. `reason` is a sentence without its full stop."""
        self._stopping = reason
        self._wake.set()

    def close(self) -> None:
        """Say goodbye."""
        self._conversation.close()

    async def _evaluate_forms(self, link: Link, timeout: float) -> None:
        from repl_connect.partners.forms import evaluate_forms

        forms: list[Evaluation] = []
        with self._conversation.guarded():
            forms = evaluate_forms(link.session, self.target, self._on_note, self._form_printed)
        if self._conversation.link is None or not forms:
            raise ConnectionLost(self.problem)
        last = forms[-1]
        handed_on = last.on_event

        def happened(event: Event) -> None:
            handed_on(event)
            if isinstance(event, Done):
                self._wake.set()

        last.on_event = happened
        await self._until(lambda: last.done is not None or self.gone.is_set(), timeout)
        if self._conversation.link is None:
            raise ConnectionLost(self.problem)
        if last.done is None:
            with self._conversation.guarded():
                link.session.interrupt()
            self.close()
            raise ConnectError(
                f"{self.target.name}: its forms did not end in {timeout:g} s. "
                "See what they wait for: repl-connect partners check"
            )

    def _form_printed(self, output: Output) -> None:
        """It is shown with what is printed next, apart from what scripts want."""
        self._collected.add(output._replace(stream="err"))

    async def _interrupted(self, evaluation: Evaluation, collected: Collected, why: str) -> str:
        """Interrupt it, and say how that went."""
        answers: list[str | None] = []

        def answered(problem: str | None) -> None:
            answers.append(problem)
            self._wake.set()

        def settled() -> bool:
            # One that ended by itself meanwhile: the interrupt has to be over before the next.
            done = collected.done
            return done is not None and (done.interrupted or done.lost or bool(answers))

        link = self._conversation.link
        if collected.done is None and link is not None:
            with self._conversation.guarded():
                link.session.interrupt(evaluation, answered)
            await self._until(settled, GRACE)
        if collected.done is not None:
            return f"{why}."
        self.problem = f"{why}, and has not ended: it may still run there."
        answer = next((each for each in answers if each), None)
        if answer is not None:
            self.problem += f" {answer}"
        return self.problem

    async def _until(self, ended: Callable[[], bool], seconds: float) -> bool:
        """Whether it came true in so many seconds: looked at whenever something has happened.

        That may be something else, such as a late answer to an interrupt of what was there before.
        """
        try:
            async with asyncio.timeout(seconds):
                while not ended():
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return False
        return True

    def _lost(self, error: ConnectionLost, _: int) -> None:
        self.problem = str(error)
        self.gone.set()
        self._wake.set()
