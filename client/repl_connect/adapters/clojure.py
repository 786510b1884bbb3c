"""An nREPL server for Clojure's socket REPL and its prepl, by upgrading the connection.

One form (`bootstrap/clojure/launch.clj`) makes the connection's thread read our requests; sessions
evaluate in threads of their own, so that interrupts, input, completions and several evaluations at
once work. A prepl is upgraded by the same form, which finds the stream under its EDN: what still
comes as EDN (taps, threads from before) is shown as what it says.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from repl_connect.adapters.upgraded import (
    UpgradedAdapter,
    bootstrap_source,
    bootstrap_version,
    one_line,
)
from repl_server.wire import Message

__all__ = ["ClojureAdapter", "PreplAdapter"]

_PARTS: Final = ("load", "sending", "streams", "results", "evaluation")
_MOST_REASON: Final = 400  # characters of an error that are told
_MOST_LINE: Final = 1 << 20  # bytes of a line of EDN that are kept while it is not whole


class ClojureAdapter(UpgradedAdapter):
    """Clojure's socket REPL, or any REPL of `clojure.main` behind a socket."""

    language = "clojure"
    title = "Clojure"
    missing_namespace = (
        "There is no namespace {ns} in the program: load it first, (require '{ns}).\n"
    )
    greeting = re.compile(rb"[^\s]=> \Z")
    prompt = re.compile(rb"[^\s]=> \Z")
    concurrent = True
    reached: ClassVar[str] = "socket REPL"
    """How it is reached, in the greeting."""
    is_prepl: ClassVar[bool] = False
    """Whether output is EDN until the upgrade has found the stream under it."""
    _escapes = False

    def _launch(self) -> bytes:
        form = one_line(bootstrap_source("clojure/launch.clj"))
        form = form.replace("NONCE", self.nonce)
        form = form.replace("VERSION", bootstrap_version(self._bootstrap()))
        form = form.replace("PREPL", "true" if self.is_prepl else "false")
        return f"{form}\n".encode()

    def _bootstrap(self) -> bytes:
        parts = "\n".join(bootstrap_source(f"clojure/{name}.clj") for name in _PARTS)
        knowledge = bootstrap_source("clojure/knowledge.clj")
        requests = bootstrap_source("clojure/requests.clj")
        later = f"(def knowledge-source (quote [{knowledge}\n]))"
        return f"[{parts}\n{later}\n{requests}\n]\n".encode()

    def _greeting(self, version: str) -> str:
        return f"{self.title} {version}, {self.reached}, upgraded"

    def _failure(self) -> str:
        said = self._junk.decode("utf-8", "replace")
        cause = _CAUSE.search(said)  # of a prepl's error; else it is in the second line
        lines = [cause[1]] if cause else said.strip().splitlines()[:2]
        return ": ".join(["it did not take the upgrade", " ".join(lines)[:_MOST_REASON]])

    def _take_frame(self, frame: Message) -> None:
        if frame.get("kind") == "ready":
            self._escapes = frame.get("escapes") == "1"
        super()._take_frame(_unescaped(frame) if self._escapes else frame)

    def _take_result(self, known: Any, frame: Message) -> None:
        if frame.get("kind") == "not-interruptible":
            known.evaluation.not_interruptible(frame["text"])
        else:
            super()._take_result(known, frame)

    def _request(self, *fields: object) -> None:
        texts = [_netstring(str(field)) for field in fields]
        self._outgoing.append(f"{len(texts)}:{''.join(texts)}".encode())


class PreplAdapter(ClojureAdapter):
    """Clojure's `io-prepl`, which says nothing until it is sent a form."""

    greeting = re.compile(rb"\Z")
    prompt = re.compile(rb"\{:tag :ret, [^\n]*\n")
    launches_at_once = True
    reached = "prepl"
    is_prepl = True

    def __init__(self, **more: Any) -> None:
        self._held = b""  # of a map that is not whole
        super().__init__(**more)

    def _stray(self, data: bytes) -> None:
        self._held += data
        while self._held:
            start = _beginning(self._held, _TAG)
            if start:
                super()._stray(self._held[:start])
                self._held = self._held[start:]
                continue
            end = self._held.find(b"\n") + 1
            if not end and len(self._held) < _MOST_LINE:
                return
            self._tell_line(self._held[: end or None])
            self._held = self._held[end:] if end else b""

    def _tell_line(self, line: bytes) -> None:
        """Show what a map of prepl's says, or the line as it is."""
        found = _TAGGED.match(line)
        if found is None:
            super()._stray(line)
            return
        tag = found[1].decode()
        text = _string(found[2].decode("utf-8", "replace"))
        if tag == "tap":
            self._tell({"out": f"tap> {text}\n"})
        elif tag == "ret":
            self._tell({"out": f"{text}\n"})
        else:
            self._tell({tag: text})


def _beginning(data: bytes, mark: bytes) -> int:
    """Where `mark`, or as much of it as has come, begins in `data`; its end if nowhere."""
    at = data.find(mark)
    if at >= 0:
        return at
    for size in range(len(mark) - 1, 0, -1):
        if data.endswith(mark[:size]):
            return len(data) - size
    return len(data)


_TAG: Final = b"{:tag :"
_CAUSE: Final = re.compile(r':cause \\"((?:[^"\\]|\\[^"])*)\\"')
_TAGGED: Final = re.compile(rb'\{:tag :(out|err|tap|ret), :val "((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\u([0-9a-f]{4})")
_NAMED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _string(text: str) -> str:
    """A string as Clojure has printed it, without its quotes, read."""
    return re.sub(r"\\(.)", lambda found: _NAMED.get(found[1], found[1]), text)


def _netstring(text: str) -> str:
    """A text of a request, in ASCII: the JVM may read any other character wrong.

    A carriage return is escaped too, since Clojure's reader makes a newline of it.
    """
    if text.isascii() and "\r" not in text:
        return f"{len(text)}:{text}"
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    escaped = "".join(
        chr(code) if code < 0x7F and code not in (0x0D, 0x5C) else f"\\u{code:04x}"
        for code in codes
    )
    return f"u{len(escaped)}:{escaped}"


def _unescaped(value: Any) -> Any:
    """A frame with its escaped characters as they are meant."""
    if isinstance(value, str):
        if "\\" not in value:
            return value
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_unescaped(each) for each in value]
    return {key: _unescaped(each) for key, each in value.items()}
