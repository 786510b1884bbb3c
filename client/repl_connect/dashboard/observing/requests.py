"""What is asked of a target for the user, who is told in a sentence what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from repl_connect.conversation.conversation import Conversation
from repl_connect.dashboard.observing.rows import line_of, short_id
from repl_connect.escapes import visible
from repl_connect.replies import is_last, refusal_of, statuses_of

__all__ = ["Requests"]


class Requests:
    """Jobs and restarts of the target called `name`. Each is answered once."""

    def __init__(self, name: str, conversation: Conversation) -> None:
        self._name = name
        self._conversation = conversation
        self._waiting: dict[int, Callable[[str], None]] = {}
        """Who is to be told of a problem, while there is no answer."""
        self._sent = 0

    def lost(self) -> None:
        """The connection is gone: say so for each that has no answer yet."""
        waiting, self._waiting = self._waiting, {}
        for tell in waiting.values():
            tell(f"{self._name}: the connection was lost; whether this was done is not known.")

    def submit(self, code: str, on_answer: Callable[[str], None]) -> None:
        """Leave code there as a job."""

        def submitted(reply: dict[str, Any]) -> None:
            position = reply.get("position")
            behind = f", behind {position}" if isinstance(position, int) and position > 0 else ""
            on_answer(f"{self._name}: job {short_id(reply.get('job'))} is left there{behind}.")

        link = self._conversation.link
        namespace = link.session.namespace if link is not None else None
        message = {"op": "repl-server/submit", "code": code, "ns": namespace}
        self._ask(message, on_answer, submitted)

    def fetch(self, job: str, on_result: Callable[[dict[str, Any]], None]) -> None:
        """Ask for a job's state and what it has brought: the reply to `repl-server/result`.

        If it can't be had, the map has a sentence as `problem`.
        """
        message = {"op": "repl-server/result", "job": job}
        self._ask(message, lambda problem: on_result({"problem": problem}), on_result)

    def cancel(self, job: str, on_answer: Callable[[str], None]) -> None:
        """End a job, or take it out of the queue."""
        message = {"op": "repl-server/cancel", "job": job}
        words = f"{self._name}: job {short_id(job)} is cancelled."
        self._ask(message, on_answer, lambda _: on_answer(words))

    def restart(
        self, held: str, restart: str, value: str | None, on_answer: Callable[[str], None]
    ) -> None:
        """Go on with a held error. `value` is an expression, for the restarts that take one."""
        link = self._conversation.link
        failures: list[str] = []

        def also(reply: dict[str, Any]) -> None:
            if "eval-error" in statuses_of(reply):
                told = (line_of(reply.get(key)) for key in ("ex", "repl-server/message"))
                failures.append(": ".join(filter(None, told)) or "the value failed")

        def chosen(reply: dict[str, Any]) -> None:
            if "interrupted" in statuses_of(reply):
                failures.append("the value was interrupted")
            words = f"is held still ({failures[0]})." if failures else f"{line_of(restart)}."
            on_answer(f"{self._name}: {line_of(held)}: {words}")

        message: dict[str, object] = {"op": "repl-server/restart", "held": held, "restart": restart}
        if value and link is not None:
            message |= {"value": value, "session": link.session.user}
        self._ask(message, on_answer, chosen, also=also)

    def _ask(
        self,
        message: Mapping[str, object],
        on_problem: Callable[[str], None],
        on_reply: Callable[[dict[str, Any]], None],
        *,
        also: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        """Send a request; `on_reply` gets the reply that ends it, `also` each."""
        link, op = self._conversation.link, str(message["op"])
        if link is None:
            on_problem(f"{self._name} is not connected.")
            return
        if not link.session.supports(op):
            on_problem(f"{self._name} has no {op.partition('/')[2]}: its server has no op {op}.")
            return

        self._sent = number = self._sent + 1
        self._waiting[number] = on_problem

        def replied(reply: dict[str, Any]) -> None:
            also(reply)
            refused = "error" in statuses_of(reply)
            if (refused or is_last(reply)) and self._waiting.pop(number, None) is None:
                return  # it is answered
            if refused:
                problem = visible(" ".join(refusal_of(reply, "refused it").split()))
                on_problem(f"{self._name}: {problem}")
            elif is_last(reply):
                on_reply(reply)

        with self._conversation.guarded():
            link.session.request(message, replied)
