"""The line below what is typed: the signature of the call one is in, or what a completion is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_width
from prompt_toolkit.utils import get_cwidth

from repl_connect.escapes import visible

if TYPE_CHECKING:
    from repl_connect.languages import Language
    from repl_connect.languages.language import Call

__all__ = ["Hints", "LookUp"]

LookUp = Callable[[str, Callable[[dict[str, Any]], None]], None]
"""Asks about a name, and gives nREPL's `info` map to the function; it may never answer."""

_KEPT: Final = 30.0  # seconds that what is known of a name is taken for true
_PATIENCE: Final = 5.0  # seconds to wait for an answer before another name is asked about
_PAUSE: Final = 0.03  # seconds without a key
_REST: Final = 0.2  # seconds on a completion before it is looked up
_MOST: Final = 200
_LONGEST_TEXT: Final = 20_000
_LONG_AGO: Final = float("-inf")


class Hints:
    """Looks up what the cursor is at, one name at a time, and remembers it for a while.

    Nothing waits for an answer: there is no hint until it has come, then `on_change` is called.
    `enabled` says whether what is typed is code and hints are wanted.
    """

    def __init__(
        self,
        buffer: Buffer,
        *,
        look_up: LookUp,
        language: Callable[[], Language],
        enabled: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._enabled = enabled
        self._look_up = look_up
        self._language = language
        self._on_change = on_change
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}  # when, and what was told
        self._asked = ""
        self._asked_at = 0.0
        self._call: Call | None = None
        self._chosen = ""
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        buffer.on_text_changed += self._moved
        buffer.on_cursor_position_changed += self._moved

    def forget(self) -> None:
        """What was known may be so no more: something was evaluated."""
        self._known = {name: (_LONG_AGO, info) for name, (_, info) in self._known.items()}
        self._asked = ""

    def fragments(self, columns: int) -> StyleAndTextTuples:
        """The line, at most so wide; empty if there is nothing to say."""
        if not self._buffer.text:
            self._call = None
        if not self._enabled():
            return []
        state = self._buffer.complete_state
        if state is not None and state.current_completion is not None:
            return self._of_completion(columns)
        self._chosen = ""
        call = self._call
        if call is None:
            return []
        info = self._info(call.name)
        arguments = _text(info, "arglists-str") or _text(info, "arglists")
        if not arguments:
            return []
        return _signature(call.name, arguments, columns, call.argument, call.keyword)

    def _moved(self, buffer: Buffer) -> None:
        """Look for the call when typing rests: to read all the text at each key would be felt."""
        del buffer
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._find_call)

    def _find_call(self) -> None:
        text, position = self._buffer.text, self._buffer.cursor_position
        call = None
        if self._enabled() and 0 < len(text) <= _LONGEST_TEXT:
            call = self._language().call_at(text, position)
        if call is not None and position <= call.start + len(call.name):
            call = None  # the name is still being typed
        if call != self._call:
            self._call = call
            self._on_change()

    def _of_completion(self, columns: int) -> StyleAndTextTuples:
        """What is known of the completion that is chosen, in its first words."""
        text, position = self._buffer.text, self._buffer.cursor_position
        name = "" if text.lstrip().startswith(",") else self._language().symbol_at(text, position)
        if not name:
            return []
        if name in self._known:
            info = self._info(name)
        elif name != self._chosen:
            self._chosen = name
            if self._resting is not None:
                self._resting.cancel()
            self._resting = asyncio.get_running_loop().call_later(_REST, self._rested)
            return []
        else:
            info = {}
        line: StyleAndTextTuples = []
        arguments = _text(info, "arglists-str") or _text(info, "arglists")
        if arguments:
            line = _signature(name, arguments, columns)
        documentation = visible(_text(info, "doc").strip().partition("\n")[0])
        room = columns - fragment_list_width(line) - 3
        if documentation and room > 10:
            if get_cwidth(documentation) > room:
                documentation = documentation[: room - 1] + "…"
            line = [*line, ("class:signature", "   " if line else ""), ("", documentation)]
        return line

    def _rested(self) -> None:
        if self._chosen:
            self._info(self._chosen)

    def _info(self, name: str) -> Mapping[str, Any]:
        """What is known of the name; it is asked for if that is nothing, or old."""
        now = time.monotonic()
        when, info = self._known.get(name, (_LONG_AGO, {}))
        if now - when >= _KEPT and (not self._asked or now - self._asked_at >= _PATIENCE):
            self._asked, self._asked_at = name, now
            self._look_up(name, lambda info: self._answered(name, info))
        return info

    def _answered(self, name: str, info: dict[str, Any]) -> None:
        if self._asked == name:
            self._asked = ""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = (time.monotonic(), info)
        self._on_change()


def _signature(
    name: str, arguments: str, columns: int, argument: int = -1, keyword: str | None = None
) -> StyleAndTextTuples:
    from repl_connect.prompt.names.signature import read_signatures, shown_signature

    return shown_signature(name, read_signatures(name, arguments), argument, keyword, columns)


def _text(info: Mapping[str, Any], key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""
