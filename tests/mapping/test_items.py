"""Items in code: any text is data in any language, and stands where the code mentions it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repl_connect.errors import UsageError
from repl_connect.languages import TEXT, language_named
from repl_connect.mapping.code import Code, Unfit, language_and_code
from repl_connect.mapping.lines import LONGEST_LINE, Lines
from repl_connect.mapping.outcome import Item

PLACES = {
    "python": (
        "f(it, \"it\", item.it, it=it) if it == itt else '''it''' # it\n{it: it}[\"it\"] # [it]",
        "f(¤, \"it\", item.it, it=¤) if ¤ == itt else '''it''' # it\n{¤: ¤}[\"it\"] # [it]",
    ),
    "javascript": (
        "f(it, 'it', o.it, o?.it, {it: it, a: it}, `${it}`, /it/, it ? it : $it) // it\n/* it */it",
        "f(¤, 'it', o.it, o?.it, {it: ¤, a: ¤}, `${it}`, /it/, ¤ ? ¤ : $it) // it\n/* it */¤",
    ),
    "guile": (
        "(f it \"it\" 'it '(a) it? #:it it) ; it\n#| it |# `(a ,it ,@it) #\\i |it| #{it}#",
        "(f ¤ \"it\" 'it '(a) it? #:it ¤) ; it\n#| it |# `(a ,¤ ,@¤) #\\i |it| #{it}#",
    ),
    "clojure": (
        '(f it "it" \'it :it it/x x/it it\' #(g it) @it) ; it\n[it] {:it it} \\i #"it"',
        '(f ¤ "it" \'it :it it/x x/it it\' #(g ¤) @¤) ; it\n[¤] {:it ¤} \\i #"it"',
    ),
    "common-lisp": (
        "(f it \"it\" 'it #'it :it it* pkg:it) ; it\n#| it |# #\\i |it| (list it)",
        "(f ¤ \"it\" 'it #'it :it it* pkg:it) ; it\n#| it |# #\\i |it| (list ¤)",
    ),
}
TEXTS = st.one_of(
    st.text(st.characters(), max_size=30),
    st.text(st.sampled_from("\"'\\)(#{}[]|;\n\r\t\0\x1b\x7f\u2028 ,`$x\udcff😀é"), max_size=12),
)
CONTROLS = "[\ud800-\udfff\0-\x1f\x7f-\x9f\u2028\u2029]"
LISP_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@pytest.mark.parametrize("name", PLACES)
def test_an_item_stands_where_its_name_is_a_symbol_of_the_code(name: str) -> None:
    code, marked = PLACES[name]
    language = language_named(name)
    written = Code(code, name="it").with_items(language)(Item(0, "a b"))
    assert language.text_literal is not None
    assert written == marked.replace("¤", language.text_literal("a b"))


def lisp_string(literal: str, *, escapes: bool) -> str:
    """What a Lisp reads there: one string, and nothing after it."""
    assert literal.startswith('"')
    assert literal.endswith('"')
    read = ""
    rest = iter(literal[1:])
    for each in rest:
        if each == '"':
            assert next(rest, None) is None, "the string ends before its literal does"
            return read
        if each != "\\":
            read += each
        elif not escapes:
            read += next(rest)
        elif (kind := next(rest)) == "u":
            read += chr(int("".join(next(rest) for _ in range(4)), 16))
        else:
            read += LISP_ESCAPES[kind]
    raise AssertionError("the string does not end")


@given(text=TEXTS)
def test_any_text_is_a_literal_that_reads_as_that_text(text: str) -> None:
    python = language_named("python").text_literal
    node = language_named("node").text_literal
    assert python is not None
    assert node is not None
    assert ast.literal_eval(python(text)) == text
    assert json.loads(node(text)).encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )
    for name in ("guile", "racket", "clojure", "sbcl", "scheme"):
        literal = language_named(name).text_literal
        assert literal is not None
        try:
            written = literal(text)
        except ValueError:
            hard = CONTROLS if name == "scheme" else "[\ud800-\udfff]"
            assert re.search(hard, text) is not None
        else:
            assert lisp_string(written, escapes=name != "sbcl") == text


@pytest.mark.parametrize("name", [*PLACES, "racket", "sbcl", "scheme", "node", "babashka"])
@given(text=TEXTS)
def test_no_item_changes_what_the_code_is(name: str, text: str) -> None:
    """Its brackets stay, whatever an item has of them."""
    language = language_named(name)
    written = Code("(f [item] item)", name="item").with_items(language)
    try:
        code = written(Item(0, text))
    except ValueError:
        return
    brackets = [code[each.position] for each in language.brackets(code)]
    plain = [each for each in "([])" if name not in {"common-lisp", "sbcl"} or each in "()"]
    assert brackets == plain
    assert language.is_complete(code)


def test_code_is_chosen_by_language() -> None:
    code = Code("any", {"common-lisp": "lisp", "guile": "guile", "scheme": "scheme"})
    for names, chosen in (
        (("sbcl", "common-lisp"), "lisp"),
        (("guile",), "guile"),
        (("racket", "scheme"), "scheme"),
        (("python", "text"), "any"),
    ):
        for name in names:
            assert code.for_language(language_named(name)) == chosen
    assert language_and_code("Guile=(f = 2)") == ("guile", "(f = 2)")
    with pytest.raises(UsageError, match="Did you mean guile"):
        language_and_code("gule=1")
    with pytest.raises(UsageError, match="LANGUAGE=CODE"):
        language_and_code("guile")


def test_code_has_to_mention_the_item() -> None:
    with pytest.raises(UsageError, match="does not mention `item`"):
        Code("f(it)", name="item").check()
    with pytest.raises(UsageError, match=r"\(tick\)"):
        Code("f(item)", {"guile": "(tick)"}, "item").check()
    Code("f(items)", name="item").check()  # which language it is in is not known yet
    with pytest.raises(Unfit, match="no symbol of this code"):
        Code("f(items)", name="item").with_items(language_named("python"))
    with pytest.raises(Unfit, match="its language: text"):
        Code("f item", name="item").with_items(TEXT)


def test_lines_are_items(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\r\n\n  two \nna\xefve\nlast")
    lines = Lines(str(path))
    assert lines.total() == 5
    texts = ["one", "", "  two ", "na\udcefve", "last"]
    assert list(lines.at_the_moment()) == [Item(*each) for each in enumerate(texts)]
    assert lines.batch() == []
    path.write_bytes(b"short\n" + b"x" * (LONGEST_LINE + 100_000))
    with pytest.raises(UsageError, match="line 2 is longer than 1 MiB"):
        list(Lines(str(path)).at_the_moment())
    with pytest.raises(UsageError, match=r"nothing.*No such file"):
        Lines(str(tmp_path / "nothing"))
