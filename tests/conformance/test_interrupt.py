"""Interrupts and input: the two requests that reach an evaluation on its way."""

from __future__ import annotations

import pytest
from conformance.languages import Language
from conformance.peers import Client, Peer
from server.wire_client import gather


class TestInterrupt:
    @pytest.mark.parametrize("named", [True, False])
    @pytest.mark.parametrize("what", ["loops", "sleeps"])
    def test_both_replies(
        self, client: Client, say: Language, peer: Peer, what: str, named: bool
    ) -> None:
        ident = client.eval(getattr(say, what))
        client.until(ident, "out", "begun")
        asked = client.send({"op": "interrupt", **({"interrupt-id": ident} if named else {})})
        replies = client.replies(ident)
        assert replies[-1]["id"] == ident
        assert set(replies[-1]["status"]) == {"done", "interrupted"}
        kinds = [key for reply in replies for key in ("err", "ex", "status") if key in reply]
        assert set(kinds) <= peer.differs("kinds of an interrupt's replies")
        (reply,) = client.replies(asked)
        assert reply == {"id": asked, "session": client.session, "status": ["done"]}
        assert client.value("7") == "7"

    def test_idle(self, client: Client) -> None:
        client.value("1")
        (reply,) = client.ask({"op": "interrupt", "interrupt-id": "1"})
        assert set(reply["status"]) == {"done", "session-idle"}

    def test_another_id(self, client: Client, say: Language) -> None:
        ident = client.eval(say.sleeps)
        client.until(ident, "out", "begun")
        (reply,) = client.ask({"op": "interrupt", "interrupt-id": "other"})
        assert set(reply["status"]) == {"done", "error", "interrupt-id-mismatch"}
        client.send({"op": "interrupt", "interrupt-id": ident})
        assert "interrupted" in gather(client.replies(ident))["status"]

    def test_what_waits_behind_it_goes_on(self, client: Client, say: Language) -> None:
        ident = client.eval(say.sleeps)
        client.until(ident, "out", "begun")
        waiting = client.eval("7")
        client.send({"op": "interrupt"})
        client.replies(ident)
        assert gather(client.replies(waiting))["values"] == ["7"]

    def test_what_waits_in_the_queue(self, client: Client, say: Language, peer: Peer) -> None:
        ident = client.eval(say.sleeps)
        client.until(ident, "out", "begun")
        waiting = client.eval("7")
        (reply,) = client.ask({"op": "interrupt", "interrupt-id": waiting})
        assert set(reply["status"]) == peer.differs("interrupting what waits in the queue")
        client.send({"op": "interrupt"})
        client.replies(ident)
        values = gather(client.replies(waiting))["values"]
        assert values == (["7"] if "error" in reply["status"] else [])

    def test_one_that_reads(self, client: Client, say: Language) -> None:
        ident = client.eval(say.reads)
        assert client.next(ident)["status"] == ["need-input"]
        client.send({"op": "interrupt"})
        assert "interrupted" in gather(client.replies(ident))["status"]
        assert client.value("7") == "7"


class TestInput:
    def test_it_is_asked_for(self, client: Client, say: Language) -> None:
        ident = client.eval(say.reads)
        assert client.next(ident) == {
            "id": ident,
            "session": client.session,
            "status": ["need-input"],
        }
        (reply,) = client.ask({"op": "stdin", "stdin": "typed\n"})
        assert reply["status"] == ["done"]
        assert gather(client.replies(ident))["values"] == [f"{say.quote}typed{say.quote}"]

    def test_sent_ahead(self, client: Client, say: Language) -> None:
        client.ask({"op": "stdin", "stdin": "one\ntwo\n"})
        assert client.value(say.reads) == f"{say.quote}one{say.quote}"
        assert client.value(say.reads) == f"{say.quote}two{say.quote}"

    def test_half_a_line(self, client: Client, say: Language) -> None:
        ident = client.eval(say.reads)
        assert client.next(ident)["status"] == ["need-input"]
        client.ask({"op": "stdin", "stdin": "ha"})
        assert client.next(ident)["status"] == ["need-input"]
        client.ask({"op": "stdin", "stdin": "lf\n"})
        assert gather(client.replies(ident))["values"] == [f"{say.quote}half{say.quote}"]

    def test_an_empty_text_is_the_end(self, client: Client, say: Language) -> None:
        for _ in range(2):  # and reading again asks again
            ident = client.eval(say.reads_to_the_end.code)
            assert client.next(ident)["status"] == ["need-input"]
            client.ask({"op": "stdin", "stdin": ""})
            assert gather(client.replies(ident))["values"] == say.reads_to_the_end.values

    def test_of_other_sessions_is_theirs(self, client: Client, say: Language) -> None:
        first = client.session
        client.ask({"op": "stdin", "stdin": "mine\n"})
        client.session = None
        client.clone()
        client.ask({"op": "stdin", "stdin": "other\n"})
        assert client.value(say.reads) == f"{say.quote}other{say.quote}"
        client.session = first
        assert client.value(say.reads) == f"{say.quote}mine{say.quote}"

    def test_no_text(self, client: Client, peer: Peer) -> None:
        (reply,) = client.ask({"op": "stdin"})
        assert set(reply["status"]) == peer.differs("stdin without text")
