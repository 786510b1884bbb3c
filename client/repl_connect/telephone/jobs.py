"""nREPL's jobs as telephone's own: under its ids, which outlive the connection.

It tells no list of them. So those that were left from here are listed; of any other, whoever knows
its id can ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from repl_connect.languages.common_lisp import COMMON_LISP
from repl_connect.telephone.calls import (
    PACKAGE,
    Answer,
    Telephone,
    TelephoneError,
    error_in,
    error_words,
)
from repl_server.dispatch.requests import Request

__all__ = ["TelephoneJobs"]

_LONGEST_WAIT: Final = 60.0
_KEPT: Final = 1000  # jobs that are listed
_ASKED: Final = 50  # of those that have not ended, how many are asked for at once
_CODE_SHOWN: Final = 200


class _Job:
    """A job that was left at telephone from here, as far as is known."""

    def __init__(self, request: Request) -> None:
        code = request.text("code") or ""
        self.fields: dict[str, object] = {
            "state": "queued",
            "code": code[:_CODE_SHOWN],
            "submitted": int(time.time() * 1000),
            "client": request.client.id,
        }
        if len(code) > _CODE_SHOWN:
            self.fields["code-length"] = len(code)
        for key, value in (("client-name", request.client.name), ("name", request.text("name"))):
            if value:
                self.fields[key] = value

    def learn(self, state: str) -> None:
        """It is in this state."""
        self.fields["state"] = state
        if state in ("finished", "failed"):
            self.fields.setdefault("ended", int(time.time() * 1000))


class TelephoneJobs:
    """The ops for jobs. Each is answered from a thread, since it takes calls; `guard` is held then.

    A job is one form. It can't be cancelled.
    """

    def __init__(self, telephone: Telephone, guard: AbstractContextManager[object]) -> None:
        self._telephone = telephone
        self._guard = guard
        self._jobs: dict[str, _Job] = {}
        self.ops: dict[str, Callable[[Request], None]] = {
            "repl-server/submit": self._submit,
            "repl-server/result": self._result,
            "repl-server/jobs": self._list,
            "repl-server/cancel": self._cancel,
        }

    def _submit(self, request: Request) -> None:
        code = request.message.get("code")
        if not isinstance(code, str) or not (forms := COMMON_LISP.statements(code)):
            request.refuse("no-code", "repl-server/submit needs `code`, as text.")
            return
        if len(forms) > 1:
            request.refuse(
                "repl-server/one-form",
                "telephone evaluates one form for a job: submit them one by one, or in a (progn …)",
            )
            return

        def submit() -> None:
            ident = self._telephone.submit(code)
            with self._guard:
                self._jobs[ident] = _Job(request)
                if len(self._jobs) > _KEPT:
                    del self._jobs[next(iter(self._jobs))]
            request.reply({"job": ident, "status": ["done"]})

        self._answer(request, submit)

    def _result(self, request: Request) -> None:
        ident = request.text("job")
        seconds = request.seconds("wait") or 0.0
        if ident is None:
            request.refuse("invalid-field", "Say which `job`: the id that `submit` answered.")
            return

        def ask() -> None:
            answer = self._telephone.result(ident)
            until = time.monotonic() + min(seconds, _LONGEST_WAIT)
            if answer.state in ("queued", "running") and seconds:
                for answer in self._telephone.answers(ident, threading.Event()):
                    if answer.state in ("finished", "unknown") or time.monotonic() >= until:
                        break
            if answer.state == "unknown":
                request.refuse("repl-server/unknown-job", f"telephone knows no job {ident[:40]}.")
                return
            fields = self._learned(ident, answer)
            if answer.state == "finished":
                fields |= {"values": [answer.value], "ns": PACKAGE}
                error = error_in(answer.value)
                if error is not None:
                    fields |= {"error": {"ex": error}, "err": error_words(answer.value, error)}
            request.reply({**fields, "status": ["done"]})

        self._answer(request, ask)

    def _list(self, request: Request) -> None:
        wanted = request.text("state")

        def ask() -> None:
            with self._guard:
                known = dict(self._jobs)
            opens = [ident for ident, job in known.items() if "ended" not in job.fields]
            for ident in opens[-_ASKED:]:
                self._learned(ident, self._telephone.result(ident))
            jobs = [{"job": ident, **job.fields} for ident, job in known.items()]
            found = [job for job in jobs if wanted in (None, job["state"])]
            request.reply({"jobs": found, "status": ["done"]})

        self._answer(request, ask)

    def _cancel(self, request: Request) -> None:
        request.refuse("repl-server/not-interruptible", "telephone can't cancel a job.")

    def _learned(self, ident: str, answer: Answer) -> dict[str, Any]:
        """What is to be said of a job that has answered so."""
        state = answer.state
        if state == "finished" and error_in(answer.value) is not None:
            state = "failed"
        elif state == "unknown":  # telephone was started anew
            state = "cancelled"
        with self._guard:
            job = self._jobs.get(ident)
            if job is not None:
                job.learn(state)
            return {"job": ident, **(job.fields if job is not None else {"state": state})}

    def _answer(self, request: Request, action: Callable[[], None]) -> None:
        """Do what answers a request, in a thread; what goes wrong is the answer."""

        def answered() -> None:
            try:
                action()
            except (TelephoneError, OSError) as error:
                request.refuse("repl-connect/unreachable", self._telephone.problem(error))

        threading.Thread(target=answered, name="telephone call", daemon=True).start()
