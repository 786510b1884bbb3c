"""What Neovim asks about names: completions, what is known of one, and the call that is typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from repl_connect.languages import Language, language_of_filetype
from repl_connect.link import Link
from repl_connect.nvim.buffers import offset_of, place_of
from repl_connect.nvim.connection import Connection
from repl_connect.nvim.definitions import definition_of
from repl_connect.nvim.namespaces import namespaces_for
from repl_connect.nvim.one_at_a_time import OneAtATime
from repl_connect.nvim.requests import Complete, Look
from repl_connect.session import Candidate, Completions

__all__ = ["Asking"]

_SHOWN: Final = 300  # candidates
_LONGEST: Final = 20_000  # characters of documentation
_KEPT: Final = 30.0  # seconds that what is known of a name is taken for true
_MOST_KNOWN: Final = 200
_LONG_AGO: Final = float("-inf")
_WIDEST: Final = 1_000

_Answer = Callable[[Mapping[str, Any]], None]
_Info = Mapping[str, Any]
_T = TypeVar("_T")


class Asking:
    """What is asked about names on one connection. Each question gets one answer, or none.

    While one types, one question is on its way at a time; a newer one takes the place of those that
    wait. What was told of calls is remembered until `forget`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._link: Link | None = None
        self._completions = OneAtATime()
        self._calls = OneAtATime()
        self._there: set[str] = set()
        """Namespaces that the other side knows something of."""
        self._known: dict[tuple[str, str], tuple[float, _Info]] = {}

    def forget(self) -> None:
        """What was told may be so no more: something was evaluated."""
        self._known = {key: (_LONG_AGO, info) for key, (_, info) in self._known.items()}

    def complete(self, request: Complete, on_result: _Answer) -> None:
        """Ask for completions; the answer has `replaces` (bytes), `items`, and whether it is `cut`.

        An item has `word`, and `kind`, `menu` (what it takes) and `info` if they are known.
        """
        nothing = {"replaces": 0, "items": [], "cut": False}
        if not self._can_ask("completions"):
            on_result(nothing)
            return
        language = self._language(request.filetype)
        text = request.text
        symbol = language.symbol_before(text)
        namespaces = self._namespaces(language, request, text, len(text))

        def question(answered: Callable[[], None]) -> None:
            def found(completions: Completions) -> None:
                answered()
                on_result(self._menu(text, completions))

            def ask(namespace: str | None, then: Callable[[Completions], None]) -> None:
                link = self._connection.conversation.link
                if link is not None:
                    with self._connection.conversation.guarded():
                        link.session.complete(text, symbol, then, namespace=namespace)

            self._in_each(namespaces, ask, lambda each: bool(each.candidates), found)

        self._completions.ask(question, lambda: on_result(nothing))

    def look(self, request: Look, on_result: _Answer) -> None:
        """Ask about a name, or about the call around; see `Look` for what the answer has."""
        if request.call:
            self._look_at_call(request, on_result)
            return
        language = self._language(request.filetype)
        position = offset_of(request.text, request.row - request.first_row, request.column)
        names = [request.symbol] if request.symbol else _names_at(language, request.text, position)
        if not names:
            on_result({"problem": "There is no name at the cursor."})
        elif not self._connection.conversation.connected:
            on_result({"problem": "There is no connection now. :ReplConnect makes one."})
        elif not self._can_ask("lookup"):
            problem = "The other side has no op lookup: it can't tell about names."
            on_result({"problem": problem})
        else:
            namespaces = self._namespaces(language, request, request.text, position)
            self._look_for(names, namespaces, request, on_result)

    def _look_for(
        self, names: list[str], namespaces: list[str], request: Look, on_result: _Answer
    ) -> None:
        """Tell of the first of the names that something is known about."""
        name, *others = names

        def answered(info: _Info) -> None:
            if info:
                on_result(self._described(name, info, request))
            elif others:
                self._look_for(others, namespaces, request, on_result)
            else:
                shown = self._connection.clean(names[0])
                problem = f"Nothing is known about {shown} there."
                on_result({"symbol": shown, "problem": problem})

        self._look_up(name, namespaces, answered, source=request.source)

    def _look_at_call(self, request: Look, on_result: _Answer) -> None:
        language = self._language(request.filetype)
        text = request.text
        position = offset_of(text, request.row - request.first_row, request.column)
        call = language.call_at(text, position)
        if call is None or position <= call.start + len(call.name) or not self._can_ask("lookup"):
            on_result({"chunks": []})  # the name is still being typed
            return
        name, argument, keyword = call.name, call.argument, call.keyword
        namespaces = self._namespaces(language, request, text, position)
        key = (name, namespaces[0] if namespaces else "")

        def tell(info: _Info) -> None:
            arguments = _arguments(info)
            chunks = _chunks(name, arguments, argument, keyword, request.columns)
            row, column = place_of(text, call.start)
            on_result({"chunks": chunks, "row": row + request.first_row, "column": column})

        def question(answered: Callable[[], None]) -> None:
            def told(info: _Info) -> None:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[key] = (time.monotonic(), info)
                answered()
                tell(info)

            self._look_up(name, namespaces, told)

        when, info = self._known.get(key, (_LONG_AGO, {}))
        if time.monotonic() - when < _KEPT:
            tell(info)
        else:
            self._calls.ask(question, lambda: on_result({"chunks": []}))

    def _described(self, name: str, info: _Info, request: Look) -> dict[str, Any]:
        clean = self._connection.clean
        known: dict[str, Any] = {"symbol": clean(name), "name": clean(_text(info, "name") or name)}
        for key, value in (("namespace", _text(info, "ns")), ("type", _text(info, "type"))):
            if value:
                known[key] = clean(value)
        arguments = _arguments(info)
        known["signatures"] = _ways(name, arguments) if arguments else []
        documentation = _text(info, "doc") or _text(info, "docstring")
        if len(documentation) > _LONGEST:
            documentation = documentation[:_LONGEST] + "\n… The rest is left out."
        known["doc"] = clean(documentation).strip("\n").rstrip()
        if file := _text(info, "file"):
            line = info.get("line")
            known["place"] = clean(f"{file}:{line}" if isinstance(line, int) and line else file)
        if request.source:
            elsewhere = self._connection.is_elsewhere
            found = definition_of(name, info, elsewhere=elsewhere, path=request.path)
            known["definition"] = found._asdict()
        return known

    def _menu(self, text: str, found: Completions) -> dict[str, Any]:
        replaced = text[max(0, len(text) - found.replaces) :]
        items = [self._item(each) for each in found.candidates[:_SHOWN]]
        return {
            "replaces": len(replaced.encode("utf-8", "surrogateescape")),
            "items": [item for item in items if item is not None],
            "cut": len(found.candidates) > _SHOWN,
        }

    def _item(self, candidate: Candidate) -> dict[str, str] | None:
        clean = self._connection.clean
        if "\n" in candidate.text or clean(candidate.text) != candidate.text:
            return None  # it would be inserted
        item = {"word": candidate.text}
        for key, value in (("kind", candidate.type), ("menu", candidate.arguments)):
            if value:
                item[key] = " ".join(clean(value).split())
        if candidate.doc:
            item["info"] = clean(candidate.doc)
        return item

    def _language(self, filetype: str) -> Language:
        return self._connection.language_for(language_of_filetype(filetype))

    def _namespaces(
        self, language: Language, request: Complete | Look, text: str, position: int
    ) -> list[str]:
        """Where to look, the best first; empty for where the session is.

        Once the other side was found to have one of them, no other is tried.
        """
        if request.head and language.namespace_at(text, position) is None:
            text, position = request.head, len(request.head)
        link = self._connection.conversation.link
        description = link.session.description if link is not None else None
        found = namespaces_for(language, text, position, request.path, description)
        there = [name for name in found if name in self._there]
        return there[:1] or found

    def _can_ask(self, op: str) -> bool:
        """Whether the other side is there, and answers such questions."""
        link = self._connection.conversation.link
        if link is not self._link:
            self._link = link
            self._completions.forget()
            self._calls.forget()
            self._known.clear()
            self._there.clear()
        return link is not None and link.session.supports(op)

    def _look_up(
        self,
        name: str,
        namespaces: list[str],
        then: Callable[[_Info], None],
        *,
        source: bool = False,
    ) -> None:
        def ask(namespace: str | None, on_info: Callable[[_Info], None]) -> None:
            link = self._connection.conversation.link
            if link is not None:
                with self._connection.conversation.guarded():
                    link.session.lookup(name, on_info, namespace=namespace, source=source)

        self._in_each(namespaces, ask, bool, then)

    def _in_each(
        self,
        namespaces: list[str],
        ask: Callable[[str | None, Callable[[_T], None]], None],
        is_something: Callable[[_T], bool],
        then: Callable[[_T], None],
    ) -> None:
        """Ask in one namespace after the other, in the session's last, until something is known.

        One that is not there has nothing: no server says it in a way that all have.
        """
        namespace = namespaces[0] if namespaces else None

        def answered(result: _T) -> None:
            if is_something(result):
                if namespace is not None:
                    self._there.add(namespace)
                then(result)
            elif namespace is not None and namespace not in self._there:
                self._in_each(namespaces[1:], ask, is_something, then)
            else:
                then(result)

        ask(namespace, answered)


def _names_at(language: Language, text: str, position: int) -> list[str]:
    """The name at the position, and the one of the call around, or just before it."""
    for place in (position, max(position - 1, 0)):
        call = language.call_at(text, place)
        names = (language.symbol_at(text, place).strip(), call.name if call is not None else "")
        if any(names):
            return [name for name in dict.fromkeys(names) if name]
    return []


def _text(info: _Info, key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""


def _arguments(info: _Info) -> str:
    return _text(info, "arglists-str") or _text(info, "arglists")


def _ways(name: str, arguments: str) -> list[str]:
    """The ways that something can be called, each as its language writes it."""
    from repl_connect.prompt.names.signature import read_signatures, shown_signature

    return [
        "".join(text for _, text, *_ in shown_signature(name, [each], -1, None, _WIDEST))
        for each in read_signatures(name, arguments)
    ]


def _chunks(
    name: str, arguments: str, argument: int, keyword: str | None, columns: int
) -> list[tuple[str, str]]:
    """A signature, cut to the columns: texts, and for each `name`, `current` or neither."""
    if not arguments:
        return []
    from repl_connect.prompt.names.signature import read_signatures, shown_signature

    signatures = read_signatures(name, arguments)
    shown = shown_signature(name, signatures, argument, keyword, columns or _WIDEST)
    return [(text, style.partition("signature.")[2]) for style, text, *_ in shown]
