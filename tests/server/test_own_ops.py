"""Jobs, presence, events and watches on a server that runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from server.conftest import wait_until
from server.wire_client import SECONDS, WireClient, gather

import repl_server


def op(name: str, **fields: Any) -> dict[str, Any]:
    return {"op": f"repl-server/{name}", **fields}


def submit(client: WireClient, code: str) -> dict[str, Any]:
    return client.ask(op("submit", code=code))[0]


class TestJobs:
    def test_another_client_fetches_the_result(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        namespace["speed"] = 3
        one, two = connect(), connect()
        job = submit(one, "print('working')\nspeed * 14")["job"]
        one.close()
        ended = two.ask(op("result", job=job, wait=int(SECONDS)))[0]
        assert (ended["state"], ended["values"], ended["out"]) == ("finished", ["42"], "working\n")

    def test_first_in_first_out(self, client: WireClient, namespace: dict[str, Any]) -> None:
        order: list[int] = []
        namespace["order"] = order
        jobs = [submit(client, f"order.append({n})")["job"] for n in range(20)]
        listed = client.ask(op("jobs"))[0]["jobs"]
        assert [each["job"] for each in listed] == jobs
        client.ask(op("result", job=jobs[-1], wait=int(SECONDS)))
        assert order == list(range(20))

    def test_errors_are_kept(self, client: WireClient) -> None:
        job = submit(client, "1 / 0")["job"]
        kept = client.ask(op("result", job=job, wait=int(SECONDS)))[0]
        assert kept["state"] == "failed"
        assert kept["error"]["ex"] == "ZeroDivisionError"

    def test_one_that_runs_is_cancelled(
        self, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        begun = namespace["begun"] = threading.Event()
        job = submit(client, "begun.set()\nwhile True: pass")["job"]
        assert begun.wait(SECONDS)
        waiting = submit(client, "1")["job"]
        for each in (waiting, job):
            client.ask(op("cancel", job=each))
            assert client.ask(op("result", job=each))[0]["state"] == "cancelled"
        assert client.value("1 + 1") == "2"

    def test_the_limits_are_told(self, client: WireClient) -> None:
        limits = client.ask({"op": "describe"})[0]["aux"]["repl-server/limits"]
        assert set(limits["jobs"]) >= {"queued"}
        assert limits["queued"] == 1000


class TestEvents:
    def test_who_comes_and_goes(
        self, client: WireClient, connect: Callable[[], WireClient]
    ) -> None:
        ident = client.send(op("subscribe", events=["clients"]))
        assert client.next(ident)["status"] == ["repl-server/subscribed"]
        other = connect()
        assert client.next(ident)["what"] == "joined"
        names = [each["client"] for each in client.ask(op("clients"))[0]["clients"]]
        assert len(names) == 2
        other.close()
        while client.next(ident)["what"] != "left":
            pass
        client.send(op("unsubscribe", subscription=ident))
        assert "done" in gather(client.replies(ident))["status"]

    def test_two_people_in_one_session(self, connect: Callable[[], WireClient]) -> None:
        one, two = connect(), connect()
        two.session = one.session
        ident = two.send(op("subscribe", events=["evaluations"]))
        two.next(ident)
        one.result("print('for both')\n6 * 7")
        seen = [two.next(ident)]
        while "done" not in seen[-1].get("reply", {}).get("status", ()):
            seen.append(two.next(ident))
        assert seen[0]["code"] == "print('for both')\n6 * 7"
        result = gather([event["reply"] for event in seen if "reply" in event])
        assert (result["out"], result["values"]) == ("for both\n", ["42"])

    def test_what_the_program_publishes(
        self, client: WireClient, server: repl_server.Server, namespace: dict[str, Any]
    ) -> None:
        ident = client.send(op("subscribe", topics=["turns"]))
        client.next(ident)
        server.publish("turns", {"turn": 1})
        server.publish("other", 2)
        namespace["server"] = server
        client.result("server.publish('turns', 3)")
        assert [client.next(ident)["text"] for _ in range(2)] == ["{'turn': 1}", "3"]


def test_a_watch_sends_what_the_program_changes(
    client: WireClient, namespace: dict[str, Any]
) -> None:
    namespace["speed"] = 1
    ident = client.send(op("watch", code="speed", every="0.05", changes=1))
    assert client.next(ident)["value"] == "1"
    client.result("speed = 2")
    assert client.next(ident)["value"] == "2"
    client.send({"op": "interrupt", "interrupt-id": ident})
    assert gather(client.replies(ident))["status"] == {"done", "interrupted"}


def test_late_output_comes_without_another_message(
    client: WireClient, namespace: dict[str, Any]
) -> None:
    go = namespace["go"] = threading.Event()
    code = (
        "import threading\n"
        "def late():\n    go.wait()\n    print('late')\n"
        "t = threading.Thread(target=late); t.start()"
    )
    ident = client.eval(code)
    client.replies(ident)
    thread = namespace["t"]
    go.set()
    thread.join(SECONDS)
    assert client.next(ident)["out"] == "late\n"
    wait_until(lambda: not thread.is_alive())
