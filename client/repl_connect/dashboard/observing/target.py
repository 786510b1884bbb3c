"""One target as the dashboard sees it, and what can be done with it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from repl_connect.conversation.conversation import words_of_loss
from repl_connect.dashboard.observing.answer import LARGEST_ANSWER, Answer, AnswerState
from repl_connect.dashboard.observing.contact import Contact
from repl_connect.dashboard.observing.kept_jobs import KeptJobs
from repl_connect.dashboard.observing.log import Log
from repl_connect.dashboard.observing.pacing import Pacing, Share
from repl_connect.dashboard.observing.pulse import SILENCE, Pulse
from repl_connect.dashboard.observing.records import Change, ClientRow, HeldRow, JobRow, State
from repl_connect.dashboard.observing.reports import Reports
from repl_connect.dashboard.observing.requests import Requests
from repl_connect.dashboard.observing.watched import Watched
from repl_connect.dashboard.observing.watching import Watches
from repl_connect.errors import ConnectionLost
from repl_connect.escapes import visible
from repl_connect.events import Done, Event, NeedInput, Output, Value
from repl_connect.languages import TEXT, Language, language_of
from repl_connect.link import Link
from repl_connect.settings import Settings
from repl_connect.targets import Target

__all__ = ["ObservedTarget", "Shared"]

_AT_ONCE: Final = 16 * 1024  # bytes read of one target before the others, and the keys, get a turn


class Shared(NamedTuple):
    """What the targets of an observation have in common.

    `gate` bounds how many connect at the same time; `changed` is told what there is news of.
    """

    settings: Settings
    log: Log
    pacing: Pacing
    gate: threading.Semaphore
    changed: Callable[[Change], None]


class ObservedTarget:
    """A target, its connection, and all that is known of it.

    Its methods return at once; what comes of them is told later, on the loop.
    """

    def __init__(self, target: Target, shared: Shared) -> None:
        self.target = target
        self.name = visible(target.name)
        self.greeting = ""
        self.dialect = target.dialect or ""
        self.language: Language = TEXT
        self._shared = shared
        self._running: list[Answer] = []
        self._shown: tuple[State, str] | None = None
        self._contact = Contact(
            target,
            shared.settings,
            shared.gate,
            on_output=self._printed,
            on_link=self._attached,
            on_lost=self._lost,
            on_failure=self._failed,
            on_change=self._state_changed,
        )
        conversation = self._contact.conversation
        self._share = Share(shared.pacing, conversation)
        self._pulse = Pulse(target.address, conversation, partial(shared.changed, Change.STATE))
        self._requests = Requests(self.name, conversation)
        self._kept = KeptJobs(target, partial(shared.changed, Change.JOBS))
        self._reports = Reports(
            conversation,
            on_change=shared.changed,
            on_event=self._event,
            on_heard=self._heard,
        )
        self._watches = Watches(
            conversation,
            on_change=partial(shared.changed, Change.WATCHES),
            on_heard=self._heard,
        )

    # What is known.

    @property
    def state(self) -> State:
        """How it is."""
        state = self._contact.state
        if state is not State.UP:
            return state
        if self._pulse.stopped or self._pulse.problem is not None:
            return State.SILENT
        if self._running or (self._pulse.quiet >= SILENCE and self._pulse.computes):
            return State.BUSY
        return State.SILENT if self._pulse.quiet >= SILENCE else State.UP

    @property
    def words(self) -> str:
        """The state as a phrase: `connecting again in 3 s`, `no answer for 5 s`."""
        if self._contact.state is not State.UP:
            return self._contact.words
        quiet = self._pulse.quiet
        parts = [f"no answer for {quiet:.0f} s"] if quiet >= SILENCE else []
        if self._pulse.stopped:
            parts.insert(0, "its process is stopped")
        elif self._pulse.problem is not None:
            parts.insert(0, visible(self._pulse.problem))
        elif self._running:
            first = self._running[0]
            waits = first.state is AnswerState.NEEDS_INPUT
            parts.insert(0, "waits for input" if waits else f"evaluates for {first.seconds:.0f} s")
        elif parts and self._pulse.computes:
            parts.insert(0, "computes")
        elif self._share.waits_often:
            parts.append("prints more than is read")
        return ", ".join(parts) or "connected"

    @property
    def problem(self) -> str | None:
        """Why there is no connection, in a sentence; None while there is one."""
        problem = self._contact.problem
        return visible(problem) if problem is not None else None

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._contact.conversation.connected

    @property
    def namespace(self) -> str | None:
        """The namespace that is evaluated in, as far as known."""
        namespace = self._contact.conversation.namespace
        return visible(namespace) if namespace is not None else None

    @property
    def latency(self) -> float | None:
        """The last round trip in seconds; None if there was none."""
        return self._pulse.latency

    @property
    def latencies(self) -> deque[float]:
        """The last round trips in seconds, the newest last; 120 at most."""
        return self._pulse.latencies

    @property
    def clients(self) -> tuple[ClientRow, ...] | None:
        """Who is connected, in the order they came; None if that is not told."""
        return self._reports.clients

    @property
    def jobs(self) -> tuple[JobRow, ...] | None:
        """Its jobs, or those that a bridge keeps for it, in the order they were submitted.

        None if that is not told, and nobody keeps any.
        """
        return self._kept.jobs if self._reports.jobs is None else self._reports.jobs

    @property
    def held(self) -> tuple[HeldRow, ...] | None:
        """The errors that hold it, the oldest first; None if errors do not hold programs there."""
        return self._reports.held

    @property
    def watches(self) -> tuple[Watched, ...]:
        """What is watched of it."""
        return self._watches.watched

    @property
    def running(self) -> tuple[Answer, ...]:
        """What we evaluate there, the oldest first."""
        return tuple(self._running)

    def supports(self, op: str) -> bool:
        """Whether it has said that it answers this op."""
        link = self._contact.conversation.link
        return link is not None and link.session.supports(op)

    # What can be done.

    def evaluate(self, code: str, namespace: str | None = None) -> Answer:
        """Send code; the answer fills as it comes. Without a connection it has failed at once."""
        answer = Answer(self, code)
        conversation = self._contact.conversation
        if not conversation.connected:
            answer.fail(f"{self.name} is not connected ({self.words}): it was not sent.")
            self._shared.changed(Change.ANSWERS)
            return answer
        self._running.append(answer)
        how = {"namespace": namespace} if namespace else {}
        conversation.evaluate(code, lambda _, event: self._answered(answer, event), **how)
        if not answer.ended and conversation.running:
            answer.evaluation = conversation.running[-1]
        self._shared.changed(Change.ANSWERS)
        self._state_changed()
        return answer

    def interrupt(self) -> None:
        """Ask to stop all that we evaluate there; the log says if that can't be."""
        conversation = self._contact.conversation
        for answer in self.running:
            link = conversation.link
            if link is not None and not answer.ended:
                with conversation.guarded():
                    link.session.interrupt(answer.evaluation, self._interrupted)

    def give_input(self, answer: Answer, text: str) -> None:
        """Give what an answer waits for: a line with its newline; "" is the end of input."""
        if not answer.ended:
            answer.state = AnswerState.RUNNING
            self._contact.conversation.give_input(text, answer.evaluation)
            self._shared.changed(Change.ANSWERS)

    def submit(self, code: str, on_answer: Callable[[str], None]) -> None:
        """Leave code there as a job, or with a bridge if it keeps none; `on_answer` is told."""
        if self.connected and not self.supports("repl-server/submit"):
            self._kept.submit(code, self._contact.conversation.namespace, on_answer)
            return

        def answered(words: str) -> None:
            self._reports.refresh(Change.JOBS)
            on_answer(words)

        self._requests.submit(code, answered)

    def fetch(self, job: str, on_result: Callable[[dict[str, Any]], None]) -> None:
        """Ask for what a job has brought: nREPL's map, or one with a sentence as `problem`."""
        self._keeper.fetch(job, on_result)

    def cancel(self, job: str, on_answer: Callable[[str], None]) -> None:
        """End a job, or take it out of the queue; `on_answer` gets a sentence."""
        self._keeper.cancel(job, on_answer)

    def restart(
        self, held: str, restart: str, value: str | None, on_answer: Callable[[str], None]
    ) -> None:
        """Go on with a held error, by a restart of its row; `on_answer` gets a sentence."""

        def answered(words: str) -> None:
            self._reports.refresh(Change.HELD)
            on_answer(words)

        self._requests.restart(held, restart, value, answered)

    def watch(self, code: str, every: float) -> Watched:
        """Evaluate code each `every` seconds from now on, also after a reconnection."""
        return self._watches.add(code, every)

    def unwatch(self, watched: Watched) -> None:
        """Watch it no more."""
        self._watches.remove(watched)

    def reconnect(self) -> None:
        """Connect now, if there is no connection."""
        self._contact.start()

    def disconnect(self) -> None:
        """End the connection, and make none until `reconnect`."""
        connected = self.connected
        self._contact.stop()
        if connected:
            self._gone()
            self._note("Disconnected.")

    def beat(self, now: float) -> None:
        """Twice a second, by the loop's clock: what has to be asked or told in time."""
        self._pulse.beat(now, waiting=self._share.waiting)
        self._reports.beat(now)
        if not self.supports("repl-server/submit"):
            self._kept.beat(now)
        self._state_changed()

    @property
    def _keeper(self) -> Requests | KeptJobs:
        """Who is asked about the jobs there are."""
        own = self._reports.jobs is not None or self._kept.jobs is None
        return self._requests if own else self._kept

    # What happens.

    def _attached(self, link: Link) -> None:
        self.language = language_of(link.session.description)
        self.dialect = link.dialect
        self.greeting = visible(link.greeting or "")
        link.session.print_quota = LARGEST_ANSWER
        link.at_once = _AT_ONCE
        self._share.begin_anew()
        conversation = self._contact.conversation
        conversation.attach(link)
        self._note(f"Connected: {self.greeting}." if self.greeting else "Connected.")
        for part in (self._pulse, self._reports, self._watches):
            if conversation.link is link:
                part.attach(link)
        if self.target.forms and conversation.link is link:
            from repl_connect.partners.forms import evaluate_forms

            with conversation.guarded():
                evaluate_forms(link.session, self.target, self._note, self._printed)

    def _lost(self, error: ConnectionLost, evaluations: int) -> None:
        self._gone()
        self._note(words_of_loss(error, evaluations))

    def _gone(self) -> None:
        self._share.begin_anew()
        for part in (self._pulse, self._requests, self._reports, self._watches):
            part.lost()
        self._shared.log.forget_streams(self.name)

    def _failed(self, problem: str) -> None:
        self._note(problem)

    def _answered(self, answer: Answer, event: Event) -> None:
        self._heard(len(event.text) if isinstance(event, Output | Value) else 0)
        shown = answer.take(event)
        if isinstance(event, Output):
            if shown:
                self._shared.log.print(self.name, event.stream, shown, clean=True)
                self._shared.changed(Change.LOG)
            if event.held is not None:
                self._reports.refresh(Change.HELD)
        elif isinstance(event, Done):
            self._ended(answer)
        elif isinstance(event, NeedInput):
            self._state_changed()
        self._shared.changed(Change.ANSWERS)

    def _ended(self, answer: Answer) -> None:
        if answer in self._running:
            self._running.remove(answer)
        link = self._contact.conversation.link
        description = link.session.description if link is not None else None
        if description is not None and description.is_lines and answer.problem is None:
            answer.problem = "Sent as a line; what comes is in the log."
        self._state_changed()

    def _printed(self, output: Output) -> None:
        """Output of no evaluation that runs."""
        self._heard(len(output.text))
        self._shared.log.print(self.name, output.stream, output.text)
        self._shared.changed(Change.LOG)
        if output.held is not None:
            self._reports.refresh(Change.HELD)

    def _heard(self, characters: int) -> None:
        self._pulse.heard()
        self._share.spend(characters)

    def _interrupted(self, problem: str | None) -> None:
        if problem is not None:
            self._note(problem)

    def _event(self, words: str) -> None:
        self._shared.log.note(self.name, words, stream="event")
        self._shared.changed(Change.LOG)

    def _note(self, words: str) -> None:
        self._shared.log.note(self.name, words)
        self._shared.changed(Change.LOG)

    def _state_changed(self) -> None:
        """Tell if the state is worded differently."""
        shown = (self.state, self.words)
        if shown != self._shown:
            self._shown = shown
            self._shared.changed(Change.STATE)
