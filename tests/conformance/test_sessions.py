"""Sessions: opened, copied, shared, closed; and requests that name none, or one that is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conformance.languages import Language
from conformance.peers import Client, Peer
from server.conftest import wait_until
from server.wire_client import gather

OPS = {
    *("clone", "close", "completions", "describe", "eval", "interrupt", "load-file", "lookup"),
    *("ls-sessions", "stdin"),
}


def sessions(client: Client) -> list[str]:
    found = client.ask({"op": "ls-sessions"})[-1]["sessions"]
    assert isinstance(found, list)
    return found


def status(client: Client, **message: object) -> set[str]:
    """What the one reply to a request says."""
    (reply,) = client.ask(message)
    return set(reply["status"])


class TestDescribe:
    def test_ops_and_versions_are_maps(self, client: Client) -> None:
        (reply,) = client.ask({"op": "describe"})
        assert set(reply["ops"]) >= OPS
        assert all(about == {} for about in reply["ops"].values())
        for version in reply["versions"].values():
            assert {"major", "minor"} <= set(version) or "version-string" in version
        assert reply["status"] == ["done"]

    def test_verbose(self, client: Client) -> None:
        (reply,) = client.ask({"op": "describe", "verbose?": 1})
        for op in OPS:
            assert {"doc", "requires", "optional", "returns"} <= set(reply["ops"][op])

    def test_the_namespace_it_begins_in(self, client: Client, say: Language) -> None:
        (reply,) = client.ask({"op": "describe"})
        assert reply["aux"]["current-ns"] == say.ns


class TestOpenAndClosed:
    def test_a_session_is_listed_while_it_is_open(self, client: Client) -> None:
        first = client.session
        second = client.clone()
        assert second != first
        assert {first, second} <= set(sessions(client))
        (reply,) = client.ask({"op": "close"})
        assert set(reply["status"]) == {"done", "session-closed"}
        assert reply["session"] == second
        client.session = first
        assert second not in sessions(client)

    def test_a_closed_session_is_unknown(self, client: Client) -> None:
        closed = client.clone()
        client.ask({"op": "close"})
        unknown = {"done", "error", "unknown-session"}
        for op in ("eval", "close", "interrupt", "clone", "describe", "ls-sessions", "stdin"):
            assert status(client, op=op, session=closed, code="1", stdin="x") == unknown

    def test_one_that_never_was(self, client: Client) -> None:
        assert "unknown-session" in status(client, op="eval", session="no-such", code="1")

    def test_closing_one_that_evaluates(self, connect: Callable[[], Client], say: Language) -> None:
        one, two = connect(), connect()
        ident = one.eval(say.sleeps)
        one.until(ident, "out", "begun")
        closed = one.session
        assert "session-closed" in status(two, op="close", session=closed)
        assert closed not in sessions(two)
        assert two.result("1")["values"] == ["1"]

    def test_of_a_client_that_goes(self, connect: Callable[[], Client], peer: Peer) -> None:
        stays = connect()
        with Client(peer.address) as goes:
            left = goes.clone()
            assert left in sessions(stays)
        if peer.differs("sessions of a client that has gone"):
            assert "done" in status(stays, op="eval", session=left, code="")
            assert "session-closed" in status(stays, op="close", session=left)
        else:
            wait_until(lambda: left not in sessions(stays))


class TestWithoutASession:
    def test_code_is_evaluated(self, client: Client, say: Language, peer: Peer) -> None:
        before = sessions(client)
        used, client.session = client.session, None
        replies = client.replies(client.eval(say.forms.code))
        assert gather(replies)["values"] == say.forms.values
        client.session = used
        for reply in replies:
            assert reply.get("session") not in before
        wait_until(lambda: sessions(client) == before)

    @pytest.mark.parametrize("op", ["describe", "ls-sessions", "clone"])
    def test_other_requests(self, peer: Peer, op: str) -> None:
        with Client(peer.address) as client:
            (reply,) = client.ask({"op": op})
            assert reply["status"] == ["done"]
            assert ("session" in reply) is peer.differs("session of a request without one")
            if op == "clone":
                status(client, op="close", session=reply["new-session"])

    def test_what_needs_one(self, peer: Peer) -> None:
        with Client(peer.address) as client:
            assert status(client, op="interrupt") == {"done", "error", "session-ephemeral"}
            assert status(client, op="close") == peer.differs("closing without a session")

    def test_an_empty_one(self, client: Client, peer: Peer) -> None:
        found = status(client, op="describe", session="")
        assert found == peer.differs("an empty session")


class TestEachForItself:
    def test_the_last_value(self, client: Client, say: Language) -> None:
        first = client.session
        client.result("10")
        client.clone()
        client.result("20")
        assert client.value(say.last) == "20"
        client.session = first
        assert client.value(say.last) == "10"

    def test_variables_of_the_session(self, client: Client, say: Language) -> None:
        first = client.session
        client.result(say.binds)
        assert client.value(say.bound) == "7"
        client.session = None
        client.clone()
        assert client.value(say.bound) == "0"
        client.session = first
        assert client.value(say.bound) == "7"

    def test_a_copy_begins_with_both(self, client: Client, say: Language) -> None:
        first = client.session
        client.result(say.binds)
        client.result("10")
        client.clone()  # of the session that is used
        assert client.value(say.last) == "10"
        assert client.value(say.bound) == "7"
        client.result("20")
        client.session = first
        client.result("30")
        assert client.value(say.last) == "30"

    def test_definitions_are_for_all(self, connect: Callable[[], Client], say: Language) -> None:
        one, two = connect(), connect()
        assert one.result(say.defines.code)["values"] == say.defines.values
        assert two.value("answer") == "41"

    def test_one_evaluates_while_another_does(
        self, connect: Callable[[], Client], say: Language, peer: Peer
    ) -> None:
        one, two = connect(), connect()
        ident = one.eval(say.reads)
        assert one.next(ident)["status"] == ["need-input"]
        other = two.eval("6")
        if peer.kind in ("cooperative", "asyncio"):  # all evaluate in the program's one thread
            one.ask({"op": "stdin", "stdin": "x\n"})
            one.replies(ident)
        assert gather(two.replies(other))["values"] == ["6"]
        if peer.kind in ("threads", "clojure"):
            one.ask({"op": "stdin", "stdin": "x\n"})
            one.replies(ident)


class TestSharedByTwoConnections:
    @pytest.fixture
    def other(self, client: Client, peer: Peer) -> Client:
        """Another connection, that uses the session too."""
        other = Client(peer.address)
        other.session = client.session
        return other

    def test_each_has_the_replies_to_its_own(
        self, client: Client, other: Client, say: Language
    ) -> None:
        with other:
            first = client.send({"op": "eval", "code": say.prints.code, "id": "same"})
            second = other.send({"op": "eval", "code": say.prints_no_line_end, "id": "same"})
            assert gather(client.replies(first))["out"] == "before\nafter\n"
            assert gather(other.replies(second))["out"] == "no end"

    def test_they_share_the_last_value(self, client: Client, other: Client, say: Language) -> None:
        with other:
            client.result("30")
            assert other.value(say.last) == "30"

    def test_one_interrupts_the_other(
        self, client: Client, other: Client, say: Language, peer: Peer
    ) -> None:
        key = "an interrupt by another connection is said to whom it interrupts"
        told = client if peer.differs(key) else other
        with other:
            ident = client.eval(say.loops)
            client.until(ident, "out", "begun")
            assert status(other, op="interrupt") == {"done"}
            assert "interrupted" in gather(told.replies(ident))["status"]
            assert other.value("7") == "7"

    def test_one_gives_the_other_input(self, client: Client, other: Client, say: Language) -> None:
        with other:
            ident = client.eval(say.reads)
            assert client.next(ident)["status"] == ["need-input"]
            assert status(other, op="stdin", stdin="typed\n") == {"done"}
            assert gather(client.replies(ident))["values"] == [f"{say.quote}typed{say.quote}"]
