"""Jobs: code that the other side evaluates by itself, also when we have gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from repl_connect.durations import duration
from repl_connect.prompt.commands.asking import ask, chosen, connected
from repl_connect.prompt.commands.command import Command
from repl_connect.prompt.commands.rows import beginning, cut, line_of, table
from repl_connect.prompt.commands.times import ago
from repl_connect.prompt.front_end import FrontEnd
from repl_connect.replies import ENDED, maps_of, statuses_of

__all__ = ["JOBS", "short"]

_WAIT: Final = 60  # seconds, the most that one request may wait


def short(ident: object) -> str:
    """A job's id without what all jobs of a run of the program have in common."""
    return line_of(ident).rpartition("-")[2]


def _list(front_end: FrontEnd, _: str) -> None:
    def listed(reply: dict[str, Any]) -> None:
        jobs = maps_of(reply.get("jobs"))
        if not jobs:
            front_end.note("There are no jobs. ,submit CODE leaves one.")
            return
        rows = [
            (
                short(job.get("job")),
                job.get("state"),
                _time_of(job),
                job.get("client-name") or job.get("client"),
                job.get("name") or job.get("code"),
            )
            for job in reversed(jobs)
        ]
        front_end.say(table(front_end.columns, ("job", "state", "when", "of", "code"), rows))

    ask(front_end, {"op": "repl-server/jobs"}, listed)


def _time_of(job: dict[str, Any]) -> str:
    if job.get("state") == "queued":
        return f"behind {job.get('position')}"
    if job.get("state") == "running":
        return f"began {ago(job.get('started'))}"
    return ago(job.get("ended"))


def _took(job: dict[str, Any]) -> str:
    begun, ended = job.get("started"), job.get("ended")
    if not isinstance(begun, int) or not isinstance(ended, int) or ended <= begun:
        return ""
    return f" after {duration((ended - begun) / 1000)}"


def _submit(front_end: FrontEnd, code: str) -> None:
    link = connected(front_end)
    if link is None:
        return
    session = link.session

    def submitted(reply: dict[str, Any]) -> None:
        ident = reply.get("job")
        if not isinstance(ident, str):
            return
        position = reply.get("position") or 0
        behind = f", behind {position} others" if isinstance(position, int) and position > 1 else ""
        behind = ", behind another" if position == 1 else behind
        front_end.note(f"Job {short(ident)}{behind}. ,result {short(ident)} shows what it brings.")
        if not front_end.is_plain:
            wait(ident)

    def wait(ident: str) -> None:
        """Say when it has ended; as long as this connection is there."""

        def told(reply: dict[str, Any]) -> None:
            if "error" in statuses_of(reply):
                return  # it is not kept any more
            if reply.get("state") in ENDED:
                _tell_end(front_end, reply)
            elif front_end.link is link:
                wait(ident)

        session.request({"op": "repl-server/result", "job": ident, "wait": _WAIT}, told)

    ask(front_end, {"op": "repl-server/submit", "code": code, "ns": session.namespace}, submitted)


def _tell_end(front_end: FrontEnd, job: dict[str, Any]) -> None:
    name = f"Job {short(job.get('job'))}"
    words = f"{name} {line_of(job.get('state'))}{_took(job)}"
    values = job.get("values")
    error = job.get("error")
    if isinstance(error, dict):
        told = ": ".join(filter(None, (line_of(error.get(key)) for key in ("ex", "message"))))
        front_end.problem(cut(f"{words}: {told}", 2 * front_end.columns))
    elif isinstance(values, list) and values:
        room = max(front_end.columns - len(words) - 3, 20)
        value = cut(line_of(values[-1]), room)
        front_end.say([("class:note", words + ": "), ("class:value", value)])
    else:
        front_end.note(f"{words}.")


def _result(front_end: FrontEnd, argument: str) -> None:
    words = argument.split()
    text, how = words[0], [word.lstrip("-") for word in words[1:]]
    if any(word not in ("wait", "page") for word in how):
        front_end.problem(",result ID [wait] [page]: wait for its end, show it in the pager.")
        return

    def found(ident: str) -> None:
        message: dict[str, object] = {"op": "repl-server/result", "job": ident}
        if "wait" in how:
            message["wait"] = _WAIT
        ask(front_end, message, told)

    def told(reply: dict[str, Any]) -> None:
        if "page" in how:
            front_end.page("".join(text for _, text in _parts(front_end, reply, whole=True)))
        else:
            front_end.say(_parts(front_end, reply, whole=False))

    _with_job(front_end, text, found)


def _parts(front_end: FrontEnd, job: dict[str, Any], *, whole: bool) -> list[tuple[str, str]]:
    """What a job has brought: its state, output, error and values; the beginning of each."""
    ident = short(job.get("job"))
    state = f"Job {ident}: {line_of(job.get('state'))}{_took(job)}"
    if job.get("state") not in ENDED:
        state += f"; submitted {ago(job.get('submitted'))}"
    fragments = [("class:heading", state + "\n")]
    code = cut(line_of(job.get("name") or job.get("code")), max(front_end.columns - 4, 16))
    fragments.append(("class:note", f"  {code}\n"))
    values = job.get("values")
    texts = [("class:out", job.get("out")), ("class:err", job.get("err"))]
    texts += [("class:value", value) for value in (values if isinstance(values, list) else [])]
    for style, text in texts:
        if not isinstance(text, str) or not text:
            continue
        shown, remark = beginning(text, f",result {ident} page shows all", whole=whole)
        fragments.append((style, shown if shown.endswith("\n") else shown + "\n"))
        if remark:
            fragments.append(("class:note", remark + "\n"))
    lost = job.get("repl-server/cut")
    if isinstance(lost, list) and lost:
        fragments.append(
            (
                "class:note",
                f"The other side did not keep all of: {line_of(', '.join(map(str, lost)))}.\n",
            )
        )
    return fragments


def _cancel(front_end: FrontEnd, text: str) -> None:
    def found(ident: str) -> None:
        ask(
            front_end,
            {"op": "repl-server/cancel", "job": ident},
            lambda _: front_end.note(f"Job {short(ident)} is cancelled."),
        )

    _with_job(front_end, text, found)


def _with_job(front_end: FrontEnd, text: str, then: Callable[[str], None]) -> None:
    def listed(reply: dict[str, Any]) -> None:
        known = [str(job.get("job")) for job in maps_of(reply.get("jobs"))]
        found = chosen(front_end, text, known, "job")
        if found is not None:
            then(found)

    ask(front_end, {"op": "repl-server/jobs"}, listed)


JOBS: Final = (
    Command(
        names=("jobs",), needs="repl-server/jobs", doc="the jobs there, the newest first", run=_list
    ),
    Command(
        names=("submit",),
        needs="repl-server/submit",
        argument="CODE",
        doc="leave code there, to be evaluated by itself",
        run=_submit,
        more="It goes on when you leave; what it brings is kept for an hour. You are told when it "
        "has ended.",
        example=",submit rebuild_index()",
        code_after=0,
    ),
    Command(
        names=("result",),
        needs="repl-server/result",
        argument="ID [wait] [page]",
        doc="what a job has brought: state, output, values",
        run=_result,
        more="With wait it is shown when the job has ended, after a minute at most; with page in "
        "the pager.",
        example=",result 3 wait",
    ),
    Command(
        names=("cancel",),
        needs="repl-server/cancel",
        argument="ID",
        doc="end a job, or take it out of the queue",
        run=_cancel,
    ),
)
