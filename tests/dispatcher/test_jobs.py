from __future__ import annotations

from typing import Any

import pytest
from dispatcher.toy import Clock, Peer, World

from repl_server.dispatch.jobs import JobBounds
from repl_server.wire import Message


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock=clock)


@pytest.fixture
def peer(world: World) -> Peer:
    return world.peer()


def submit(peer: Peer, code: str = "1", **fields: Any) -> str:
    reply = peer.ask("repl-server/submit", code=code, **fields)
    assert reply["status"] == ["done"]
    return str(reply["job"])


def result(peer: Peer, job: str) -> Message:
    return peer.ask("repl-server/result", job=job)


def refusal(reply: Message) -> str:
    """The status that says why; with it comes a sentence."""
    done, error, why = reply["status"]
    assert (done, error) == ("done", "error")
    assert reply["err"].endswith("\n")
    return str(why)


def states(peer: Peer) -> list[str]:
    return [job["state"] for job in peer.ask("repl-server/jobs")["jobs"]]


def test_submit_answers_at_once_and_the_result_is_kept(world: World, clock: Clock) -> None:
    peer = world.peer()
    peer.clone(client_name="Emacs")
    reply = peer.ask("repl-server/submit", code="(sum)", name="totals", ns="toys", line=3)
    assert reply["position"] == 0
    (evaluation,) = world.running
    assert (evaluation.code, evaluation.text("ns"), evaluation.number("line")) == (
        "(sum)",
        "toys",
        3,
    )
    clock.step(2)
    evaluation.output("out", "one ")
    evaluation.output("err", "warned\n")
    evaluation.value("1", ns="toys")
    evaluation.output("out", "two")
    evaluation.value("2", ns="toys", last=True)
    evaluation.finish()
    clock.step(5)
    got = result(peer, reply["job"])
    del got["id"]
    assert got == {
        "job": reply["job"],
        "name": "totals",
        "state": "finished",
        "code": "(sum)",
        "client": "c1",
        "client-name": "Emacs",
        "submitted": 1_700_001_000_000,
        "started": 1_700_001_000_000,
        "ended": 1_700_001_002_000,
        "values": ["1", "2"],
        "ns": "toys",
        "out": "one two",
        "err": "warned\n",
        "status": ["done"],
    }


def test_one_at_a_time_first_in_first_out(world: World, peer: Peer) -> None:
    jobs = [peer.ask("repl-server/submit", code=str(number)) for number in range(4)]
    assert [job["position"] for job in jobs] == [0, 1, 2, 3]
    listed = peer.ask("repl-server/jobs")["jobs"]
    assert [job.get("position") for job in listed] == [None, 1, 2, 3]
    assert [type(job.get("position", 0)) for job in listed] == [int] * 4
    for number in range(4):
        (evaluation,) = world.running
        assert evaluation.code == str(number)
        assert states(peer) == ["finished"] * number + ["running"] + ["queued"] * (3 - number)
        evaluation.finish()
    assert result(peer, jobs[0]["job"])["state"] == "finished"


def test_jobs_that_end_at_once_need_no_stack(
    world: World, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(peer, "blocks")
    for _ in range(900):
        submit(peer)
    (evaluation,) = world.running
    monkeypatch.setattr(world.evaluator, "evaluate", lambda started: started.finish())
    evaluation.finish()
    assert states(peer) == ["finished"] * 901


def test_each_runs_in_a_session_of_its_own_that_nobody_sees(world: World, peer: Peer) -> None:
    submit(peer)
    submit(peer)
    assert peer.ask("ls-sessions")["sessions"] == []
    first = world.running[0].session
    world.running[0].finish()
    assert world.evaluator.closed == [first]
    assert world.running[0].session is not first
    world.running[0].finish()
    assert world.evaluator.closed == [session for session, _ in world.evaluator.opened]


def test_an_error_fails_it(world: World, peer: Peer) -> None:
    job = submit(peer)
    (evaluation,) = world.running
    evaluation.output("err", "printed\n")
    evaluation.error("Boom: it\n", ex="Boom", message="it", frames=[{"name": "f", "line": 3}])
    evaluation.finish()
    got = result(peer, job)
    assert got["state"] == "failed"
    assert got["err"] == "printed\nBoom: it\n"
    assert got["error"] == {"ex": "Boom", "message": "it", "frames": [{"name": "f", "line": 3}]}
    assert "values" not in got


def test_an_evaluation_that_is_refused_fails_it(world: World, peer: Peer) -> None:
    job = submit(peer, ns="nowhere")
    world.running[0].finish("error", "namespace-not-found", ns="nowhere", err="No nowhere.\n")
    got = result(peer, job)
    assert (got["state"], got["err"]) == ("failed", "No nowhere.\n")


def test_one_that_reads_input_gets_its_end(world: World, peer: Peer) -> None:
    submit(peer)
    (evaluation,) = world.running
    evaluation.need_input()
    evaluation.need_input()
    assert world.evaluator.input == [(evaluation.session, "")] * 2


def test_while_it_runs_there_is_what_it_has_brought_so_far(world: World, peer: Peer) -> None:
    job = submit(peer)
    world.running[0].output("out", "so far")
    got = result(peer, job)
    assert (got["state"], got["out"]) == ("running", "so far")
    assert "ended" not in got


def test_what_comes_after_its_end_is_not_kept(world: World, peer: Peer) -> None:
    job = submit(peer)
    (evaluation,) = world.running
    evaluation.finish()
    evaluation.output("out", "late")
    assert "out" not in result(peer, job)


class TestWaiting:
    @pytest.mark.parametrize("seconds", [30, "30", "30.5"])
    def test_is_answered_when_it_ends(
        self, world: World, clock: Clock, peer: Peer, seconds: object
    ) -> None:
        job = submit(peer)
        ident = peer.send("repl-server/result", job=job, wait=seconds)
        clock.step(29)
        assert peer.to(ident) == []
        world.running[0].value("5", ns="toys", last=True)
        world.running[0].finish()
        (reply,) = peer.to(ident)
        assert (reply["state"], reply["values"]) == ("finished", ["5"])
        clock.step(100)
        assert len(peer.to(ident)) == 1

    def test_is_answered_when_the_time_is_up(self, clock: Clock, peer: Peer) -> None:
        running, waiting = submit(peer), submit(peer)
        short = peer.send("repl-server/result", job=waiting, wait="0.5")
        long = peer.send("repl-server/result", job=running, wait=100)
        clock.step(0.5)
        assert (peer.last(short)["state"], peer.last(short)["position"]) == ("queued", 1)
        clock.step(59.4)
        assert peer.to(long) == []
        clock.step(0.2)
        assert peer.last(long)["state"] == "running"
        assert [len(peer.to(ident)) for ident in (short, long)] == [1, 1]

    def test_for_one_that_has_ended_is_no_waiting(self, world: World, peer: Peer) -> None:
        job = submit(peer)
        world.running[0].finish()
        assert peer.ask("repl-server/result", job=job, wait=60)["state"] == "finished"

    def test_no_time_is_no_waiting(self, peer: Peer) -> None:
        assert peer.ask("repl-server/result", job=submit(peer), wait=0)["state"] == "running"

    @pytest.mark.parametrize("seconds", ["soon", "", "nan", "inf", -1, [], "1e400"])
    def test_for_no_time(self, peer: Peer, seconds: object) -> None:
        reply = peer.ask("repl-server/result", job=submit(peer), wait=seconds)
        assert refusal(reply) == "invalid-field"

    def test_ends_with_the_client(self, world: World, clock: Clock, peer: Peer) -> None:
        other = world.peer()
        job = submit(other)
        ident = peer.send("repl-server/result", job=job, wait=60)
        kept = other.send("repl-server/result", job=job, wait=60)
        peer.leave()
        world.running[0].finish()
        clock.step(60)
        assert peer.to(ident) == []
        assert other.last(kept)["state"] == "finished"

    def test_is_bounded(self, clock: Clock) -> None:
        peer = World(clock=clock, job_bounds=JobBounds(waiting=2)).peer()
        job = submit(peer)
        for _ in range(2):
            peer.send("repl-server/result", job=job, wait=60)
        reply = peer.ask("repl-server/result", job=job, wait=60)
        assert refusal(reply) == "repl-server/too-many-waits"
        clock.step(60)
        assert peer.to(peer.send("repl-server/result", job=job, wait=60)) == []

    def test_leaves_no_timers_behind(self, world: World, clock: Clock, peer: Peer) -> None:
        for _ in range(100):
            job = submit(peer)
            peer.send("repl-server/result", job=job, wait=60)
            world.running[0].finish()
        assert clock.waiting < 10


class TestCancelling:
    def test_what_waits_is_at_once(self, world: World, peer: Peer) -> None:
        submit(peer)
        job, last = submit(peer), submit(peer, "last")
        reply = world.peer().ask("repl-server/cancel", job=job)
        assert (reply["state"], reply["status"]) == ("cancelled", ["done"])
        assert world.evaluator.interrupted == []
        got = result(peer, job)
        assert got["state"] == "cancelled"
        assert "started" not in got
        assert result(peer, last)["position"] == 1
        world.running[0].finish()
        assert [one.code for one in world.running] == ["last"]

    def test_what_runs_is_by_an_interrupt(self, world: World, peer: Peer) -> None:
        job = submit(peer)
        ident = peer.send("repl-server/cancel", job=job)
        (evaluation,) = world.running
        assert world.evaluator.interrupted == [evaluation]
        assert peer.to(ident) == []
        assert result(peer, job)["state"] == "running"
        evaluation.finish("interrupted")
        assert peer.last(ident)["status"] == ["done"]
        assert result(peer, job)["state"] == "cancelled"

    def test_what_ends_by_itself_first(self, world: World, peer: Peer) -> None:
        job = submit(peer)
        ident = peer.send("repl-server/cancel", job=job)
        world.running[0].finish()
        assert peer.last(ident)["status"] == ["done"]
        assert result(peer, job)["state"] == "finished"

    def test_what_cannot_be_interrupted(self, world: World, peer: Peer) -> None:
        ident = peer.send("repl-server/cancel", job=submit(peer))
        world.running[0].not_interruptible("It is in C.")
        assert refusal(peer.last(ident)) == "repl-server/not-interruptible"

    def test_what_has_ended(self, world: World, peer: Peer) -> None:
        job = submit(peer)
        world.running[0].finish()
        reply = peer.ask("repl-server/cancel", job=job)
        assert refusal(reply) == "repl-server/already-ended"
        assert "finished" in reply["err"]


class TestUnknown:
    @pytest.mark.parametrize("op", ["repl-server/result", "repl-server/cancel"])
    @pytest.mark.parametrize("job", ["nothing", "", "7f3a-1", "-", "x-9999999999999999999999"])
    def test_there_was_none(self, peer: Peer, op: str, job: str) -> None:
        submit(peer)
        why = refusal(peer.ask(op, job=job))
        assert why == ("repl-server/unknown-job" if job else "invalid-field")

    @pytest.mark.parametrize("fields", [{}, {"job": 5}, {"job": []}])
    def test_none_is_named(self, peer: Peer, fields: dict[str, object]) -> None:
        assert refusal(peer.ask("repl-server/result", **fields)) == "invalid-field"

    def test_it_is_not_kept_any_more(self, world: World, clock: Clock, peer: Peer) -> None:
        job = submit(peer)
        world.running[0].finish()
        clock.step(3_601)
        reply = result(peer, job)
        assert refusal(reply) == "repl-server/unknown-job"
        assert "not kept any more" in reply["err"]
        start, _, number = job.rpartition("-")
        coming = result(peer, f"{start}-{int(number) + 1}")
        assert "There is no job" in coming["err"]

    def test_a_job_of_an_earlier_start(self, clock: Clock) -> None:
        job = submit(World(clock=clock).peer())
        clock.step(1)
        now = World(clock=clock).peer()
        assert submit(now) != job
        assert refusal(result(now, job)) == "repl-server/unknown-job"


class TestListing:
    def test_by_state(self, world: World, peer: Peer) -> None:
        first, second, third = submit(peer), submit(peer), submit(peer)
        world.running[0].finish()
        for state, jobs in (
            ("finished", [first]),
            ("running", [second]),
            ("queued", [third]),
            ("failed", []),
            ("", [first, second, third]),
        ):
            found = peer.ask("repl-server/jobs", state=state)["jobs"]
            assert [job["job"] for job in found] == jobs

    @pytest.mark.parametrize("state", ["lost", 5, [], {}])
    def test_by_no_state(self, peer: Peer, state: object) -> None:
        assert refusal(peer.ask("repl-server/jobs", state=state)) == "invalid-field"

    def test_long_code_is_cut(self, peer: Peer) -> None:
        submit(peer, "x" * 1_000)
        (job,) = peer.ask("repl-server/jobs")["jobs"]
        assert (job["code"], job["code-length"]) == ("x" * 200, 1_000)

    def test_says_who_submitted_it_and_when(self, world: World, clock: Clock) -> None:
        submit(world.peer())
        clock.step(1)
        submit(world.peer())
        found = world.peer().ask("repl-server/jobs")["jobs"]
        assert [job["client"] for job in found] == ["c1", "c2"]
        assert found[1]["submitted"] - found[0]["submitted"] == 1_000


def test_jobs_survive_the_client_and_others_can_read_them(world: World, peer: Peer) -> None:
    running, waiting = submit(peer), submit(peer)
    peer.leave()
    for _ in range(2):
        world.running[0].value("3", ns="toys", last=True)
        world.running[0].finish()
    other = world.peer()
    assert [result(other, job)["values"] for job in (running, waiting)] == [["3"], ["3"]]


@pytest.mark.parametrize("fields", [{}, {"code": 5}, {"code": []}])
def test_code_that_is_no_text(world: World, peer: Peer, fields: dict[str, object]) -> None:
    assert refusal(peer.ask("repl-server/submit", **fields)) == "no-code"
    assert world.running == []


class TestBounds:
    def test_of_jobs_that_wait(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(queued=2))
        peer = world.peer()
        for _ in range(3):
            submit(peer)
        assert refusal(peer.ask("repl-server/submit", code="1")) == "queue-full"
        world.running[0].finish()
        submit(peer)

    def test_of_the_code_of_jobs_that_wait(self, clock: Clock) -> None:
        peer = World(clock=clock, job_bounds=JobBounds(all_bytes=10_000)).peer()
        submit(peer, "x" * 7_000)
        assert refusal(peer.ask("repl-server/submit", code="x" * 7_000)) == "queue-full"

    def test_of_jobs_that_have_ended(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(ended=2))
        peer = world.peer()
        jobs = [submit(peer) for _ in range(3)]
        for _ in jobs:
            world.running[0].finish()
        assert refusal(result(peer, jobs[0])) == "repl-server/unknown-job"
        assert [result(peer, job)["state"] for job in jobs[1:]] == ["finished"] * 2

    def test_of_all_that_is_kept(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(all_bytes=30_000))
        peer = world.peer()
        jobs = [submit(peer) for _ in range(4)]
        for _ in jobs:
            world.running[0].output("out", "x" * 10_000)
            world.running[0].finish()
        assert [job["job"] for job in peer.ask("repl-server/jobs")["jobs"]] == jobs[2:]

    def test_of_the_time_they_are_kept(self, world: World, clock: Clock, peer: Peer) -> None:
        old, young = submit(peer), submit(peer)
        world.running[0].finish()
        clock.step(10)
        world.running[0].finish()
        clock.step(3_595)
        assert [job["job"] for job in peer.ask("repl-server/jobs")["jobs"]] == [young]
        assert refusal(result(peer, old)) == "repl-server/unknown-job"
        clock.step(10)
        assert states(peer) == []

    def test_of_output(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(output_bytes=100))
        peer = world.peer()
        job = submit(peer)
        world.running[0].output("out", "λ" * 30)
        world.running[0].output("out", "λ" * 30)
        world.running[0].output("out", "gone")
        world.running[0].output("err", "gone too")
        world.running[0].error("Boom: seen\n", ex="Boom")
        world.running[0].finish()
        got = result(peer, job)
        assert got["out"] == "λ" * 50
        assert got["err"] == "Boom: seen\n"
        assert got["repl-server/cut"] == ["err", "out"]

    def test_of_a_value(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(value_bytes=10))
        peer = world.peer()
        job = submit(peer)
        (evaluation,) = world.running
        assert evaluation.number("nrepl.middleware.print/quota") == 10
        evaluation.value("λ" * 8, ns="toys", last=True)
        evaluation.finish()
        got = result(peer, job)
        assert (got["values"], got["repl-server/cut"]) == (["λ" * 5], ["values"])

    def test_of_a_value_that_the_evaluator_has_cut(self, world: World, peer: Peer) -> None:
        job = submit(peer, **{"nrepl.middleware.print/quota": "3"})
        (evaluation,) = world.running
        assert evaluation.number("nrepl.middleware.print/quota") == 3
        evaluation.value("123", ns="toys", truncated=True)
        evaluation.finish()
        assert result(peer, job)["repl-server/cut"] == ["values"]

    def test_of_many_values_the_last_are_kept(self, clock: Clock) -> None:
        world = World(clock=clock, job_bounds=JobBounds(value_bytes=10_000))
        peer = world.peer()
        job = submit(peer)
        for number in range(10_000):
            world.running[0].value(str(number), ns="toys")
        world.running[0].finish()
        got = result(peer, job)
        assert got["values"][-1] == "9999"
        assert 10 < len(got["values"]) < 1_000
        assert got["repl-server/cut"] == ["values"]

    def test_are_said_by_describe(self, clock: Clock) -> None:
        peer = World(clock=clock, job_bounds=JobBounds(queued=7)).peer()
        limits = peer.ask("describe")["aux"]["repl-server/limits"]
        assert limits["jobs"] == {
            "queued": 7,
            "ended": 1_000,
            "output-bytes": 1_048_576,
            "value-bytes": 1_048_576,
            "all-bytes": 67_108_864,
            "seconds": 3_600,
            "waiting": 1_000,
        }


def test_when_the_server_ends_what_waits_is_cancelled_and_what_runs_is_stopped(
    world: World, peer: Peer
) -> None:
    running, waiting = submit(peer), submit(peer)
    world.dispatcher.close()
    assert result(peer, waiting)["state"] == "cancelled"
    assert world.evaluator.closed == [world.running[0].session]
    world.running[0].finish("interrupted")
    assert result(peer, running)["state"] == "cancelled"
    assert refusal(peer.ask("repl-server/submit", code="1")) == "repl-server/closing"
    assert world.running == []
