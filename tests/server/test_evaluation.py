"""What comes back for code: values, namespaces, places, history."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.wire_client import WireClient


def test_value_and_done(client: WireClient) -> None:
    replies = client.replies(client.eval("1+1"))
    assert replies[0]["value"] == "2"
    assert replies[0]["ns"] == "app"
    assert replies[0]["session"] == client.session
    assert replies[1]["status"] == ["done"]
    assert len(replies) == 2


def test_a_value_for_each_expression_that_has_one(client: WireClient) -> None:
    result = client.result("x = 5\nx\nNone\nx * 2; 'a'\ny = 3")
    assert result["values"] == ["5", "10", "'a'"]
    assert result["status"] == {"done"}


@pytest.mark.parametrize("code", ["None", "x = 1", "", "# nothing", "\n\n"])
def test_no_value(client: WireClient, code: str) -> None:
    assert client.result(code)["values"] == []


def test_clients_share_the_namespace(
    connect: Callable[[], WireClient], namespace: dict[str, Any]
) -> None:
    one, two = connect(), connect()
    one.result("shared = [1]")
    assert two.value("shared") == "[1]"
    two.result("shared.append(2)")
    assert namespace["shared"] == [1, 2]


def test_statements_before_an_error_have_run(client: WireClient) -> None:
    result = client.result("a = 1\na\n1/0\nb = 2")
    assert result["values"] == ["1"]
    assert result["ex"] == "ZeroDivisionError"
    assert client.result("b")["ex"] == "NameError"


def test_nothing_runs_before_a_syntax_error(client: WireClient) -> None:
    for wrong in ("a = 1\na b", "a = 1\nreturn a"):
        assert client.result(wrong)["ex"] == "SyntaxError"
    assert client.result("a")["ex"] == "NameError"


def test_code_without_a_session(client: WireClient) -> None:
    client.session = None
    result = client.result("6 * 7")
    assert result["values"] == ["42"]
    wait_until(lambda: len(client.ask({"op": "ls-sessions"})[0]["sessions"]) == 1)
    wait_until(lambda: not server_threads("session"))


def test_a_value_and_done_come_together(client: WireClient) -> None:
    client.value("1")
    client.eval("1+1")
    assert b"4:done" in client.socket.recv(65536)


class TestNamespaces:
    @pytest.fixture
    def module(self) -> Iterator[types.ModuleType]:
        module = types.ModuleType("a_module_for_tests")
        sys.modules[module.__name__] = module
        yield module
        del sys.modules[module.__name__]

    def test_in_a_module(self, client: WireClient, module: types.ModuleType) -> None:
        result = client.result("here = 1\n__name__", ns=module.__name__)
        assert result["values"] == [repr(module.__name__)]
        assert result["ns"] == module.__name__
        assert module.__dict__["here"] == 1
        assert client.result("here")["ex"] == "NameError"

    def test_the_default_by_name_or_empty(self, client: WireClient) -> None:
        for ns in ("app", ""):
            assert client.result("1", ns=ns)["ns"] == "app"

    def test_unknown(self, client: WireClient) -> None:
        result = client.result("1", ns="no.such.module")
        assert result["status"] == {"done", "error", "namespace-not-found"}
        assert result["ns"] == "no.such.module"
        assert "import" in result["err"]


class TestPlaces:
    def test_an_error_names_file_and_line(self, client: WireClient, directory: Path) -> None:
        file = directory / "game.py"
        file.write_text("# 1\n# 2\ndef step():\n    return 1/0\n")
        code = "def step():\n    return 1/0\n"
        client.result(code, file=str(file), line=3, column=1)
        result = client.result("step()")
        assert f'File "{file}", line 4, in step\n    return 1/0\n' in result["err"]
        assert result["repl-server/frames"][-1] == {"name": "step", "file": str(file), "line": 4}

    @pytest.mark.parametrize("wrong", ["1/0", "x = 1/0", "    1/0", "x = 0\n1/x", "1 +"])
    def test_line_of_every_kind_of_code(self, client: WireClient, wrong: str) -> None:
        last = 7 + wrong.count("\n")
        result = client.result(wrong, file="/no/such/file.py", line=7, column=1)
        assert f'File "/no/such/file.py", line {last}' in result["err"]

    def test_code_in_no_file_is_shown(self, client: WireClient) -> None:
        client.result("def f():\n    return missing\n")
        err = client.result("f()")["err"]
        assert "    return missing\n" in err
        assert "<repl-" in err
        assert "repl_server" not in err

    def test_an_indented_selection(self, client: WireClient) -> None:
        result = client.result("    a = 1\n    s = '''\nx'''\n    a, s\n")
        assert result["values"] == [r"(1, '\nx')"]
        result = client.result("\n\n        if True:\n            b = 2\n        b")
        assert result["values"] == ["2"]

    def test_a_selection_that_begins_in_a_line(self, client: WireClient) -> None:
        code = "a = 1\n    b = 2\n    a + b + missing"
        result = client.result(code, file="/f.py", line=10, column=5)
        assert 'File "/f.py", line 12' in result["err"]
        assert client.value("a + b") == "3"

    def test_an_error_in_an_indented_selection(self, client: WireClient) -> None:
        result = client.result("    a = 1\n    b = = 2")
        assert "line 2\n" in result["err"]
        assert "    b = = 2\n" in result["err"]

    def test_a_column_of_code_without_indentation(self, client: WireClient) -> None:
        assert client.result("def f():\n    return 5\nf()", line=1, column=9)["values"] == ["5"]

    def test_plain_lines_after_a_column_are_not_left_out(self, client: WireClient) -> None:
        for line in (1, 7):
            result = client.result("a = 1\nb = 2\na + b", line=line, column=5)
            assert result["values"] == ["3"]

    def test_the_caret_of_a_syntax_error(self, client: WireClient) -> None:
        result = client.result("def f(:\n    pass")
        assert result["err"].endswith("          ^\nSyntaxError: invalid syntax\n")
        assert result["ex"] == "SyntaxError"

    def test_flags_of_the_server_do_not_leak_in(self, client: WireClient) -> None:
        assert client.value("def f(x: int): pass\nf.__annotations__['x']") == "<class 'int'>"

    def test_future_imports_stay_in_the_session(
        self, client: WireClient, connect: Callable[[], WireClient]
    ) -> None:
        client.result("from __future__ import annotations")
        code = "def f(x: int): pass\nf.__annotations__['x']"
        assert client.value(code) == "'int'"
        assert connect().value(code) == "<class 'int'>"


class TestHistory:
    def test_last_values(self, client: WireClient) -> None:
        client.result("1\n2\n3\n4\nNone")
        assert client.value("(_, _1, _2, _3)") == "(4, 4, 3, 2)"

    def test_each_session_has_its_own(self, connect: Callable[[], WireClient]) -> None:
        one, two = connect(), connect()
        one.value("'one'")
        assert two.result("_")["ex"] == "NameError"
        two.value("'two'")
        assert one.value("_") == "'one'"

    def test_within_comprehensions_and_functions(
        self, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        client.value("21")
        assert client.value("[_ * 2 for i in 'a'], (lambda: _ + 1)(), f'{_}'") == "([42], 22, '21')"
        assert "_" not in namespace

    def test_between_statements(self, client: WireClient) -> None:
        assert client.result("20\n_ + 1\n_ * 2")["values"] == ["20", "21", "42"]

    def test_truth_and_folding(self, client: WireClient) -> None:
        client.value("[0]")
        assert client.value("'yes' if _ else 'no'") == "'yes'"
        assert client.value("0")
        assert client.value("not _") == "True"

    def test_the_last_error(self, client: WireClient) -> None:
        client.result("1/0")
        assert client.value("type(_e).__name__") == "'ZeroDivisionError'"

    def test_the_programs_own_names_win(
        self, client: WireClient, namespace: dict[str, Any]
    ) -> None:
        client.value("1")
        assert client.value("[_ for _ in 'ab']") == "['a', 'b']"
        assert client.value("_") == "['a', 'b']"
        namespace["_"] = "gettext"
        assert client.value("_") == "'gettext'"
        client.result("_ = 5")
        assert namespace["_"] == 5

    def test_a_cloned_session_has_a_copy(self, client: WireClient) -> None:
        client.value("'before'")
        session = client.ask({"op": "clone"})[0]["new-session"]
        assert client.value("_", session=session) == "'before'"


class TestFiles:
    def test_contents(self, client: WireClient, namespace: dict[str, Any]) -> None:
        text = '"""Doc."""\nfirst = 1\n1\ndef f():\n    raise ValueError("x")\nfirst + 1\n'
        replies = client.ask({"op": "load-file", "file": text, "file-path": "/src/mod.py"})
        assert [reply["value"] for reply in replies if "value" in reply] == ["2"]
        assert namespace["first"] == 1
        assert 'File "/src/mod.py", line 5, in f' in client.result("f()")["err"]

    def test_path_alone(self, client: WireClient, directory: Path) -> None:
        path = directory / "mod.py"
        path.write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\nlen(name)\n")
        replies = client.ask({"op": "load-file", "file-path": str(path)})
        assert replies[0]["value"] == "1"

    def test_no_such_file(self, client: WireClient) -> None:
        replies = client.ask({"op": "load-file", "file-path": "/no/such.py"})
        assert any(reply.get("ex") == "FileNotFoundError" for reply in replies)

    def test_the_first_error_ends_it(self, client: WireClient, namespace: dict[str, Any]) -> None:
        replies = client.ask({"op": "load-file", "file": "a = 1\n1/0\nb = 2\n"})
        assert any(reply.get("ex") == "ZeroDivisionError" for reply in replies)
        assert "a" in namespace
        assert "b" not in namespace


class TestQuota:
    def test_a_long_value_is_cut(self, client: WireClient) -> None:
        ident = client.send(
            {"op": "eval", "code": "'ä' * 1000", "nrepl.middleware.print/quota": 100}
        )
        replies = client.replies(ident)
        assert replies[0]["status"] == ["nrepl.middleware.print/truncated"]
        assert len(replies[0]["value"].encode()) <= 100
        assert replies[0]["value"].startswith("'ä")
        assert replies[-1]["status"] == ["done"]

    def test_a_short_one_is_not(self, client: WireClient) -> None:
        ident = client.send({"op": "eval", "code": "'abc'", "nrepl.middleware.print/quota": "5"})
        assert client.replies(ident)[0] == {
            "id": ident,
            "session": client.session,
            "ns": "app",
            "value": "'abc'",
        }
