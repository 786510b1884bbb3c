"""How values are printed and sent, by nREPL's keys of a request."""

from __future__ import annotations

import json
import sys
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.wire_client import WireClient

from repl_server.dispatch.print_keys import KEYS
from repl_server.evaluation import printing
from repl_server.evaluation.printing import Printer, cut, printer_for

ERROR = "nrepl.middleware.print/error"
TRUNCATED = "nrepl.middleware.print/truncated"


def asked(**keys: Any) -> dict[str, Any]:
    """A request with these keys: `stream` is `stream?`."""
    names = {"stream": "stream?", "buffer_size": "buffer-size"}
    given = {f"nrepl.middleware.print/{names.get(key, key)}": keys[key] for key in keys}
    assert set(given) <= set(KEYS)
    return {"op": "eval", "code": "x", **given}


def printer(**keys: Any) -> Printer:
    found = printer_for(asked(**keys))
    assert found is not None
    return found


def text(value: object, **keys: Any) -> str:
    """The value's text, printed with nothing to complain of."""
    made = printer(**keys)
    shown = made.text(value)
    assert not any(ERROR in reply for reply in made.replies(shown, "app"))
    return shown


def replies(shown: str, **keys: Any) -> list[dict[str, object]]:
    return list(printer(**keys).replies(shown, "app"))


class Shy:
    def __repr__(self) -> str:
        return "Shy('é')"


class Broken:
    def __repr__(self) -> str:
        raise TypeError("no repr")


def test_a_plain_request_needs_no_printer() -> None:
    assert printer_for({"op": "eval", "code": "1", "id": "1", "session": "s"}) is None


class TestPrinters:
    @pytest.mark.parametrize("name", ["", [], "repr", "nrepl.util.print/pr", "pr"])
    def test_repr(self, name: object) -> None:
        assert text("a\n", print=name) == repr("a\n")

    def test_str(self) -> None:
        assert text("a\n", print="str") == "a\n"

    @pytest.mark.parametrize(
        "name", ["pprint", "nrepl.util.print/pprint", "cider.nrepl.pprint/fipp-pprint"]
    )
    def test_pprint(self, name: str) -> None:
        value = {"b": list(range(3)), "a": "x" * 75}
        assert text(value, print=name) == "{'a': '" + "x" * 75 + "',\n 'b': [0, 1, 2]}"

    def test_options_of_pprint(self) -> None:
        options = {"width": "20", "indent": 2, "compact": 1, "sort_dicts": [], "depth": 2}
        shown = text({"b": [1, [2]], "a": 1, "c": 2}, print="pprint", options=options)
        assert shown == "{ 'b': [1, [...]],\n  'a': 1,\n  'c': 2}"

    @pytest.mark.parametrize(
        "options", [{"width": -1, "indent": "x", "depth": 0}, {"right-margin": 72}, [], "x"]
    )
    def test_options_that_make_no_sense_are_left_out(self, options: object) -> None:
        assert text([1, 2], print="pprint", options=options) == "[1, 2]"
        assert text([1, 2], print="json", options=options) == "[1, 2]"

    def test_a_value_too_large_to_be_laid_out(self) -> None:
        value = list(range(300_000))
        made = printer(print="pprint")
        shown = made.text(value)
        assert shown == repr(value)
        complaint, reply = made.replies(shown, "app")
        assert "too large" in str(complaint[ERROR])
        assert reply["value"] == shown

    def test_a_value_too_deep_to_be_laid_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        value: list[Any] = []
        for _ in range(400):
            value = [value, "x" * 90]
        made = printer(print="pprint")
        shown = made.text(value)
        assert shown == repr(value)
        monkeypatch.setattr(printing, "_SECONDS", -1.0)
        shown = made.text([1, "x" * 90])
        assert shown == repr([1, "x" * 90])
        (complaint, _) = made.replies(shown, "app")
        assert "too deep" in str(complaint[ERROR])

    def test_an_error_of_the_value_is_raised(self) -> None:
        for name in ("repr", "pprint", "json", "str", "pprint.pformat"):
            with pytest.raises(TypeError, match="no repr"):
                printer(print=name).text({"x": [Broken()]})
        with pytest.raises(TypeError, match="no repr"):
            printer(print="json").text({Broken(): 1})


class TestJson:
    def test_json(self) -> None:
        value = {"a": [1, None, True, "é"], "b": float("nan")}
        assert text(value, print="json") == '{"a": [1, null, true, "é"], "b": NaN}'

    def test_options(self) -> None:
        options = {"indent": 1, "sort_keys": 1, "ensure_ascii": 1, "unknown": 1}
        shown = text({"b": 1, "a": "é"}, print="json", options=options)
        assert shown == '{\n "a": "\\u00e9",\n "b": 1\n}'

    def test_what_is_no_json(self) -> None:
        value = {"set": {1}, "shy": Shy(), (1, 2): [{Shy(): 1}], 3: 4, None: 5}
        assert json.loads(text(value, print="json")) == {
            "set": "{1}",
            "shy": "Shy('é')",
            "(1, 2)": [{"Shy('é')": 1}],
            "3": 4,
            "null": 5,
        }

    def test_keys_that_can_not_be_sorted(self) -> None:
        shown = text({"b": 1, 2: 3}, print="json", options={"sort_keys": 1})
        assert shown == '{"2": 3, "b": 1}'

    def test_a_value_that_holds_itself(self) -> None:
        value: list[Any] = [1]
        value.append(value)
        assert text(value, print="json") == '"[1, [...]]"'

    def test_half_characters(self) -> None:
        assert text("\udc80", print="json") == '"\\udc80"'


class TestOwnFunctions:
    @pytest.fixture(autouse=True)
    def module(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = types.ModuleType("own.printers")
        source = (
            "def loud(value, mark='!', **more): return repr(value) + mark\n"
            "def silent(value): pass\n"
            "def broken(value): raise LookupError('mine')\n"
            "number = 3\n"
        )
        exec(source, module.__dict__)
        monkeypatch.setitem(sys.modules, "own.printers", module)

    @pytest.mark.parametrize("name", ["own.printers:loud", "own.printers.loud"])
    def test_a_function_of_a_loaded_module(self, name: str) -> None:
        assert text(1, print=name) == "1!"
        assert text(1, print=name, options={"mark": "?", "other": 1}) == "1?"

    @pytest.mark.parametrize(
        "name",
        [
            *("nobody", "no.such:function", "own.printers:none", "own.printers:number", "a:", ":a"),
            *("own.printers", "own/loud", "own.printers:repr", 5, {"x": 1}),
        ],
    )
    def test_an_unknown_one_is_said_once(self, name: object) -> None:
        made = printer(print=name)
        complaint, first = made.replies(made.text("a"), "app")
        assert complaint["status"] == [ERROR]
        assert complaint["err"] == f"{complaint[ERROR]}\n"
        assert "repr" in str(complaint[ERROR])
        assert first == {"value": "'a'", "ns": "app"}
        assert list(made.replies("2", "app")) == [{"value": "2", "ns": "app"}]

    def test_one_that_gives_no_text(self) -> None:
        made = printer(print="own.printers:silent")
        complaint, reply = made.replies(made.text(1), "app")
        assert "own.printers:silent gave no text" in str(complaint[ERROR])
        assert reply["value"] == "1"

    def test_its_errors_are_raised(self) -> None:
        with pytest.raises(LookupError, match="mine"):
            printer(print="own.printers:broken").text(1)


class TestReplies:
    """The order and the keys are those of Clojure's nREPL 1.0."""

    def test_in_one(self) -> None:
        assert replies("abc", quota=3) == [{"value": "abc", "ns": "app"}]

    @pytest.mark.parametrize(("quota", "value"), [(2, "ab"), ("2", "ab"), (0, "")])
    def test_cut(self, quota: object, value: str) -> None:
        assert replies("abc", quota=quota) == [
            {
                "value": value,
                "ns": "app",
                "status": [TRUNCATED],
                "nrepl.middleware.print/truncated-keys": ["value"],
            }
        ]

    @pytest.mark.parametrize("quota", [-1, "x", [], None])
    def test_no_quota(self, quota: object) -> None:
        assert replies("abc", quota=quota) == [{"value": "abc", "ns": "app"}]

    def test_streamed(self) -> None:
        assert replies("abcdefgh", stream=1, buffer_size=3) == [
            *({"value": "abc"}, {"value": "def"}, {"value": "gh"}),
            {"ns": "app"},
        ]
        assert replies("", stream="1") == [{"ns": "app"}]

    def test_streamed_and_cut(self) -> None:
        assert replies("abcdefgh", stream=1, buffer_size=3, quota=5) == [
            *({"value": "abc"}, {"value": "de"}, {"status": [TRUNCATED]}),
            {"ns": "app"},
        ]

    @pytest.mark.parametrize("false", [[], 0, "", None])
    def test_not_streamed(self, false: object) -> None:
        assert replies("abc", stream=false, buffer_size=1) == [{"value": "abc", "ns": "app"}]

    @pytest.mark.parametrize("size", [None, 0, -5, "x"])
    def test_usual_size(self, size: object) -> None:
        chunks = replies("x" * 2500, stream=1, buffer_size=size)[:-1]
        assert [len(str(chunk["value"])) for chunk in chunks] == [1024, 1024, 452]

    def test_made_one_by_one(self) -> None:
        made = printer(stream=1, buffer_size=1).replies("x" * 10**6, "app")
        assert next(made) == {"value": "x"}


ANY_TEXT = st.text(st.characters() | st.sampled_from("\udc80\udcff\ud800é€😀"), max_size=60)


@given(ANY_TEXT, st.integers(1, 20))
def test_pieces_are_the_whole_and_small(shown: str, most: int) -> None:
    pieces = [str(reply["value"]) for reply in replies(shown, stream=1, buffer_size=most)[:-1]]
    assert "".join(pieces) == shown
    for piece in pieces:
        assert len(piece.encode("utf-8", errors(shown))) <= most or len(piece) == 1


@given(ANY_TEXT, st.integers(0, 100))
def test_cut_at_a_character(shown: str, most: int) -> None:
    start, is_cut = cut(shown, most)
    assert shown.startswith(start)
    data = shown.encode("utf-8", errors(shown))
    assert is_cut == (len(data) > most) == (start != shown)
    assert most - 3 <= len(start.encode("utf-8", errors(shown))) <= most or not is_cut


def errors(shown: str) -> str:
    """How text with half characters is written on the wire."""
    try:
        shown.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "surrogatepass"
    return "surrogateescape"


class TestOverTheWire:
    def test_streamed_in_order(self, client: WireClient) -> None:
        keys = asked(stream=1, buffer_size=4, quota=6)
        got = client.ask({**keys, "code": "print('out'); 'abcdefgh'; 2"})
        assert [
            {key: reply[key] for key in reply if key not in ("id", "session")} for reply in got
        ] == [
            *({"out": "out\n"}, {"value": "'abc"}, {"value": "de"}, {"status": [TRUNCATED]}),
            *({"ns": "app"}, {"value": "2"}, {"ns": "app"}, {"status": ["done"]}),
        ]

    def test_printer_of_each_request(self, client: WireClient) -> None:
        assert client.value("x = {'b': 1, 'a': None}; x") == "{'b': 1, 'a': None}"
        (value, _) = client.ask({**asked(print="json"), "code": "x"})
        assert value["value"] == '{"b": 1, "a": null}'
        (value, _) = client.ask({**asked(print="pprint"), "code": "x"})
        assert value["value"] == "{'a': None, 'b': 1}"
        assert client.value("x") == "{'b': 1, 'a': None}"

    def test_an_unknown_printer(self, client: WireClient) -> None:
        complaint, value, done = client.ask({**asked(print="no.such/thing"), "code": "1"})
        assert complaint["status"] == [ERROR]
        assert "no.such/thing" in complaint["err"]
        assert value["value"] == "1"
        assert done["status"] == ["done"]

    def test_an_error_of_the_printer_is_the_evaluation_s(self, client: WireClient) -> None:
        client.result("class B:\n    def __repr__(self): raise LookupError('mine')")
        for name in ("json", "pprint", "repr"):
            got = client.ask({**asked(print=name), "code": "B()"})
            assert any(reply.get("ex") == "LookupError" for reply in got), got
            assert got[-1]["status"] == ["done"]
