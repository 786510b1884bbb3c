"""What code is answered with: values, output, errors, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.languages import Language
from conformance.peers import MODES, Client, Peer
from server.wire_client import gather

from repl_server.wire import Message


def kinds(replies: list[Message]) -> list[str]:
    """What each reply is about; pieces of one output count as one."""
    found: list[str] = []
    for reply in replies:
        (kind, *_) = [key for key in ("out", "err", "value", "ex", "status") if key in reply]
        if kind not in ("out", "err") or found[-1:] != [kind]:
            found.append(kind)
    return found


class TestValues:
    def test_one_for_each_form(self, client: Client, say: Language) -> None:
        replies = client.replies(client.eval(say.forms.code))
        assert kinds(replies) == ["value"] * 4 + ["status"]
        assert [reply["value"] for reply in replies[:-1]] == say.forms.values

    def test_beside_the_namespace(self, client: Client, say: Language) -> None:
        replies = client.replies(client.eval(say.forms.code))
        assert {reply["ns"] for reply in replies[:-1]} == {say.ns}
        assert "ns" not in replies[-1]

    def test_done_comes_last_and_alone(self, client: Client, say: Language) -> None:
        ident = client.eval(say.forms.code)
        last = client.replies(ident)[-1]
        assert last == {"id": ident, "session": client.session, "status": ["done"]}

    @pytest.mark.parametrize("code", ["", "\n \n", None])
    def test_none_for_no_form(self, client: Client, say: Language, code: str | None) -> None:
        replies = client.replies(client.eval(say.nothing if code is None else code))
        assert kinds(replies) == ["status"]

    def test_of_nothing(self, client: Client, peer: Peer) -> None:
        code = "nil" if peer.kind == "clojure" else "None"
        assert client.result(code)["values"] == peer.differs("value of nothing")

    def test_in_a_namespace_that_is_named(self, client: Client, say: Language) -> None:
        assert client.result("1", ns=say.ns)["ns"] == say.ns


class TestOutput:
    def test_in_order_with_the_values(self, client: Client, say: Language) -> None:
        replies = client.replies(client.eval(say.prints.code))
        assert kinds(replies) == ["out", "value", "out", "value", "status"]
        result = gather(replies)
        assert result["out"] == "before\nafter\n"
        assert result["values"] == say.prints.values

    def test_as_errors(self, client: Client, say: Language) -> None:
        result = client.result(say.prints_on_err)
        assert (result["out"], result["err"]) == ("", "warning\n")
        assert result["status"] == {"done"}

    def test_without_a_line_end(self, client: Client, say: Language) -> None:
        assert client.result(say.prints_no_line_end)["out"] == "no end"

    def test_much(self, client: Client, say: Language) -> None:
        out = client.result(say.chatters)["out"]
        assert out == "".join(f"{number}\n" for number in range(1000))

    def test_after_done_has_the_old_id(self, client: Client, say: Language) -> None:
        old = client.eval(say.starts)
        assert gather(client.replies(old))["out"] == ""
        client.value("7")
        client.result(say.releases)
        late = client.next(old)
        assert late["out"] == "late\n"
        assert late["session"] == client.session
        assert "status" not in late


class TestErrors:
    def test_the_text_then_the_kind_then_done(self, client: Client, say: Language) -> None:
        ident = client.eval(say.fails)
        replies = client.replies(ident)
        assert kinds(replies)[:4] == ["out", "value", "err", "ex"]
        assert all(reply["id"] == ident for reply in replies)
        error = next(reply for reply in replies if "ex" in reply)
        assert error["ex"] == error["root-ex"] == say.ex
        assert error["status"] == ["eval-error"]
        assert replies[-1]["status"] == ["done"]
        assert say.message in gather(replies)["err"]

    def test_values_around_it(self, client: Client, say: Language, peer: Peer) -> None:
        values = client.result(say.fails)["values"]
        assert values == peer.differs("values around an error")

    def test_code_that_cannot_be_read(self, client: Client, say: Language) -> None:
        replies = client.replies(client.eval(say.unreadable))
        assert kinds(replies) == ["err", "ex", "status"]
        assert "yntax" in gather(replies)["err"]

    def test_its_place(self, client: Client, say: Language) -> None:
        code = say.fails.splitlines()[-1] if say.ns == "user" else "1/0"
        err = client.result(code, file="/no/game.x", line=77, column=1)["err"]
        assert "77" in err

    @pytest.mark.modes(*MODES)
    def test_no_line_of_another_file_is_shown(self, client: Client) -> None:
        """The program's own file has a line of that number too."""
        err = client.result("1/0", file="/no/game.x", line=3)["err"]
        shown = {line.strip() for line in err.splitlines()[2:]}
        assert shown <= {"1/0", "~^~", "ZeroDivisionError: division by zero"}

    def test_the_session_is_as_before(self, client: Client, say: Language) -> None:
        client.result(say.fails)
        assert client.result(say.forms.code)["values"] == say.forms.values

    def test_an_unknown_namespace(self, client: Client, peer: Peer) -> None:
        ident = client.eval("1", ns="no.such.ns")
        (reply,) = client.replies(ident)
        assert set(reply["status"]) == {"done", "error", "namespace-not-found"}
        assert reply["ns"] == "no.such.ns"
        marker = client.eval("1")
        more = 0
        while (message := client.receive()).get("id") != marker:
            assert message["status"] == ["done"]
            more += 1
        client.replies(marker)
        assert 1 + more == peer.differs("dones of an unknown namespace")


class TestRefusals:
    def test_no_code(self, client: Client) -> None:
        (reply,) = client.ask({"op": "eval"})
        assert set(reply["status"]) == {"done", "error", "no-code"}

    def test_an_unknown_op(self, client: Client) -> None:
        (reply,) = client.ask({"op": "no-such-op"})
        assert set(reply["status"]) == {"done", "error", "unknown-op"}
        assert reply["op"] == "no-such-op"

    def test_no_op(self, client: Client, peer: Peer) -> None:
        (reply,) = client.ask({})
        assert set(reply["status"]) == {"done", "error", "unknown-op"}
        assert reply.get("op") == peer.differs("op of a message without one")


class TestFiles:
    def test_the_last_value_counts(self, client: Client, say: Language, peer: Peer) -> None:
        replies = client.ask(
            {
                "op": "load-file",
                "file": say.file.code,
                "file-path": "/no/game.x",
                "file-name": "game.x",
            }
        )
        assert kinds(replies) == ["value", "status"]
        assert [reply["value"] for reply in replies[:-1]] == say.file.values
        assert [reply.get("ns") for reply in replies[:-1]] == peer.differs("ns of a file's value")

    def test_text_alone(self, client: Client, say: Language) -> None:
        assert gather(client.ask({"op": "load-file", "file": "42"}))["values"] == ["42"]

    def test_an_error_ends_it_and_has_its_place(self, client: Client, say: Language) -> None:
        message = {"op": "load-file", "file": say.broken_file, "file-path": "/no/game.x"}
        result = gather(client.ask(message | {"file-name": "game.x"}))
        assert "eval-error" in result["status"]
        assert result["values"] == []
        assert "game.x" in result["err"]
        assert "3" in result["err"]
        assert say.message in result["err"]
        assert "eval-error" in client.result("after")["status"]

    def test_a_path_alone(self, client: Client, say: Language, peer: Peer, tmp_path: Path) -> None:
        path = tmp_path / "game.x"
        path.write_text(say.file.code)
        result = gather(client.ask({"op": "load-file", "file-path": str(path)}))
        assert result["status"] == peer.differs("load-file with a path alone")

    def test_neither(self, client: Client, peer: Peer) -> None:
        result = gather(client.ask({"op": "load-file"}))
        assert result["status"] == peer.differs("load-file with nothing")
