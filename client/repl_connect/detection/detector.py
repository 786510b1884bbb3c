"""What is at the other end: decided from evidence, in the order that harms nobody.

    forced by the user ─> its own record ─> which process it is ─> what it says first ─> a probe

The probe is nREPL's `describe`, sent without a newline and only to a server that has said nothing:
nREPL answers it at once, an echo server returns it, Swank closes the connection (then we connect
again and speak Swank). A Lisp's reader keeps it as a word that is not finished; after a while the
newline is sent that finishes it, and what is said to that shows who is there. Any debugger level
that it entered is left again. To a REPL that has shown its prompt the probe is never sent.

       GREETING ──silence──> PROBED ──silence──> ENDED ──a debugger's prompt──> LEAVING
          │                    │ a late greeting ──^ │                              │
          v                    v                     v                              v
       decided              decided               decided                        decided

`Detector` has no clock and no socket: `connect` feeds it bytes and tells it when time has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from repl_connect.channel import Channel
from repl_connect.detection.peer import Peer
from repl_connect.dialects import dialect_named
from repl_connect.errors import ConnectError
from repl_server.wire import Decoder, RemoteProtocolError, encode

if TYPE_CHECKING:
    from repl_connect.detection.greetings import Prompt
    from repl_server.dispatch.timing import Timing

__all__ = ["GREETING_WAIT", "TALK_WAIT", "Detector"]

GREETING_WAIT: Final = 0.25
"""Seconds a server gets to say something before it is probed (a JVM takes up to 0.17)."""

TALK_WAIT: Final = 2.0
"""Seconds after which what was said decides, although more comes."""

_SPOKEN_TO: Final = {"sbcl": "swank"}
"""What a silent process of a system speaks, when it is spoken to."""

_SLOW: Final = {"sbcl": 0.5, "java": 0.6}
"""Seconds that those get which greet late under load, or are to be taken for silent with care."""

_BUFFERED: Final = {"racket": "racket"}
"""What a process of a system speaks that does not even answer, for its answers are buffered."""

_RELAY_WAIT: Final = 1.0  # for a program that is started for this connection
_START_WAIT: Final = 8.0  # for one that is known to greet, when it has started
_KNOWN_WAIT: Final = 0.03  # where what is remembered is silent too
_LATE_WAIT: Final = 3.0  # where what is remembered greets
_ANSWER_WAIT: Final = 10.0  # for what a REPL that greeted late says to the probe
_PROBE_WAIT: Final = 1.0  # for an answer to the probe
_PROBE_WAITS: Final = {"prepl": 0.1, "racket": 0.25, "java": 0.5, "python": 2.0, "node": 2.0}
"""The same by what is remembered, or by system: no reader of Python's or Node's waits for more."""

_PROBE: Final = encode({"op": "describe", "id": "0"})
_MARK: Final = b"id1"  # a part of the probe that each error about it shows
_MOST: Final = 64 * 1024  # bytes looked at before they are taken for text
_GUILE: Final = b"GNU Guile "
_GREETS: Final = frozenset({"guile", "sbcl", "java", "node", "racket", "scm", "python"})

_GREETING, _PROBED, _ENDED, _LEAVING = range(4)


class Detector:
    """Finds what a server speaks. `dialect` forces it; `recorded` and `peer` are evidence.

    `remembered` gives the dialect found there before; it is asked only when it matters. `evidence`
    is what made an earlier connection speak `dialect` on this one. `delay` is how many seconds more
    than on this machine everything takes.

    Use: until `dialect` is not None (or `again` is), `receive_data` what came, `silent` when
    nothing came for `wait` seconds, and after each send `data_to_send`. Then make the `channel`.
    """

    def __init__(
        self,
        name: str,
        *,
        dialect: str | None = None,
        recorded: bool = False,
        peer: Peer | None = None,
        remembered: Callable[[], str | None] = lambda: None,
        evidence: Sequence[str] = (),
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.evidence = list(evidence)
        """What it was decided from, in order, as sentences without their full stops."""
        self.dialect: str | None = None
        """What it speaks, when that is decided."""
        self.again: str | None = None
        """What to speak on a new connection: this one can't be used any more."""
        self.guessed = False
        """Whether only what was remembered told this dialect from others."""
        self.advice = ""
        """A sentence for the user about a decision that they may know better; or nothing."""
        self._received = b""
        self._feed = b""
        self._late = b""  # a greeting that came after the probe, and its prompt
        self._late_prompt: Prompt | None = None
        self._outgoing = b""
        self._stage = _GREETING
        self._ask_memory = remembered
        self._memory: str | None = None
        self._asked_memory = False
        self._recorded = recorded
        self._delay = delay
        if dialect is not None:
            dialect_named(dialect)
            if not evidence:
                self.evidence.append(f"--dialect {dialect} says so")
            self.dialect = dialect
        elif recorded:
            if not evidence:
                self.evidence.append("its record, or a port file, says that it speaks nREPL")
            self.dialect = "nrepl"
        self.peer = peer

    @property
    def is_news(self) -> bool:
        """Whether what was found is worth to be remembered: it could not be known otherwise."""
        return not self._recorded and not (self._peer is not None and self._peer.guile)

    @property
    def peer(self) -> Peer | None:
        """The process at the other end, if it is known."""
        return self._peer

    @peer.setter
    def peer(self, peer: Peer | None) -> None:
        self._peer = peer
        if peer is not None and self.dialect is None:
            if peer.relayed:
                what = f"{peer.program}, which starts {peer.system or 'another program'} for us"
            else:
                what = peer.program
            self.evidence.append(f"its process is {what} (pid {peer.pid})")

    @property
    def waits_for_poll(self) -> bool:
        """Whether to wait for a greeting only: a cooperative Guile greets at its next poll."""
        return self._stage == _GREETING and self._peer is not None and self._peer.guile

    @property
    def waiting(self) -> str:
        """A sentence about what is waited for."""
        if self.waits_for_poll:
            return f"{self.name}: connected. This is Guile; it greets at its program's next poll."
        said = "has not said yet what it is" if self._received else "has said nothing yet"
        return f"{self.name}: connected, but it {said}. Still waiting."

    @property
    def wait(self) -> float | None:
        """Seconds of silence from now after which `silent` is to be called; None: never."""
        wait = self._wait()
        return None if wait is None else wait + self._delay

    def receive_data(self, data: bytes) -> None:
        """Take bytes. Raises `ConnectError` for what is no REPL we can use."""
        if not data:
            self._closed()
            return
        self._received += data
        if self._stage == _GREETING:
            self._greeted()
        elif self._stage == _PROBED:
            self._answered()
        elif self._stage == _ENDED:
            self._ended()
        if len(self._received) > _MOST and self.dialect is None and self.again is None:
            self.silent()

    def silent(self) -> None:
        """Nothing more has come for `wait` seconds. Raises `ConnectError`."""
        if self._stage == _GREETING:
            if self._received:
                self._said()
            elif not self.waits_for_poll:
                self._said_nothing()
        elif self._stage == _PROBED:
            self._unanswered()
        else:
            self._back()

    def data_to_send(self) -> bytes:
        """What is to be sent now; each byte is given once."""
        data, self._outgoing = self._outgoing, b""
        return data

    def channel(self, timing: Timing | None = None) -> Channel:
        """A new channel for what was decided, which has what was received for it."""
        assert self.dialect is not None
        channel = dialect_named(self.dialect).channel(timing)
        if self._feed:
            channel.receive_data(self._feed)
        return channel

    def gave_up(self, seconds: float) -> ConnectError:
        """The error for a server that has said too little in `seconds`."""
        if self.waits_for_poll or self._late.startswith(_GUILE):
            return ConnectError(
                f"{self.name}: this is Guile, and it has not greeted in {seconds:.3g} seconds. "
                "Does its loop still call poll-coop-repl-server?"
            )
        if self._received:
            return ConnectError(
                f"{self.name}: it said {_shown(self._received)} and no more in {seconds:.3g} "
                f"seconds: no REPL that is known here. {_TRY}"
            )
        return ConnectError(
            f"{self.name}: it accepts connections and says nothing ({seconds:.3g} seconds). "
            "It may be busy, serve one client at a time, or be no REPL: --dialect line then."
        )

    # What is known of it besides.

    @property
    def _system(self) -> str:
        return self._peer.system if self._peer is not None else ""

    @property
    def _relayed(self) -> bool:
        return self._peer is not None and self._peer.relayed

    @property
    def _waits_to_be_spoken_to(self) -> bool:
        return self._system in _SPOKEN_TO and not self._relayed

    @property
    def _is_known_buffered(self) -> bool:
        """Whether its process, and what was found here before, take an upgrade unseen."""
        return self._remembered is not None and self._remembered == _BUFFERED.get(self._system)

    @property
    def _remembered(self) -> str | None:
        if not self._asked_memory:
            self._asked_memory = True
            self._memory = self._ask_memory()
        return self._memory

    def _wait(self) -> float | None:
        if self._stage == _GREETING:
            return self._greeting_wait()
        if self._stage == _PROBED:
            if self._received:
                begun = self._received.startswith(b"d") or (
                    self._received.startswith(_GUILE) and not self._prompt()
                )
                return None if begun else GREETING_WAIT
            return _PROBE_WAITS.get(self._remembered or self._system, _PROBE_WAIT)
        if self._stage == _LEAVING and not self._received:
            return _PROBE_WAIT
        polled = self._late.startswith(_GUILE) or self._received.startswith(_GUILE)
        if not self._received and self._late_prompt is not None and not polled:
            return _ANSWER_WAIT
        if not self._received or ((polled or self._late_prompt is not None) and not self._prompt()):
            return None
        return GREETING_WAIT

    # What it says first.

    def _greeting_wait(self) -> float | None:
        if self._received:
            if _is_begun(self._received):
                return None
            return _RELAY_WAIT if self._relayed else GREETING_WAIT  # it may still be starting
        if self.waits_for_poll:
            return None
        if self._relayed:
            return _START_WAIT if self._system in _GREETS else _RELAY_WAIT
        if self._is_known_buffered:
            return GREETING_WAIT
        if self._remembered is not None and self._remembered != "line":
            silent = self._remembered in ("nrepl", "prepl", "swank")
            return _KNOWN_WAIT if silent else _LATE_WAIT
        return _SLOW.get(self._system, GREETING_WAIT)

    def _greeted(self) -> None:
        received = self._received
        if received.startswith(_GUILE):
            if b"\n" in received:
                self._decide("guile", received)
                self.evidence.append(f"it greeted with {_shown(received)}")
        elif not _is_begun(received):
            self._refuse_no_repl()
            found = self._prompt()
            if found is not None and found.sure:
                self._decide_prompt(found)

    def _said(self) -> None:
        """It has spoken and fallen silent: a prompt, or no REPL."""
        found = self._prompt()
        if found is not None:
            self._decide_prompt(found)
        else:
            self.evidence.append(f"it says {_shown(self._received)}, and shows no prompt")
            self._decide("line", self._received)

    def _said_nothing(self) -> None:
        """Speak to it, in a language that it is known to wait for, else in nREPL."""
        known = self._remembered
        is_spoken_to = known in _SPOKEN_TO.values()
        if self._waits_to_be_spoken_to:
            self.evidence.append("it waits to be spoken to, as Swank does")
            self.guessed = is_spoken_to
            self._decide(_SPOKEN_TO[self._system])
            return
        self.evidence.append("it said nothing")
        if known and (self._is_known_buffered or (is_spoken_to and not self._system)):
            self.evidence.append(f"{known} was found here before")
            self.guessed = True
            self._decide(known)
        else:
            self._outgoing += _PROBE
            self._stage = _PROBED

    def _decide_prompt(self, found: Prompt, feed: bytes = b"") -> None:
        self.evidence.append(f"it shows the prompt {_shown(found.text)}")
        if found.remembered:
            self.evidence.append(f"{found.dialect} was found here before")
            self.guessed = True
        elif found.ambiguous:
            self.advice = (
                f"Which REPL shows {_shown(found.text)} is not certain: "
                "if you know it, --dialect NAME gives you more."
            )
        self._decide(found.dialect, feed or self._received)

    # What it says to the probe.

    def _answered(self) -> None:
        received = self._received
        if received[:1] != b"d":
            self._refuse_no_repl()
            return
        if _PROBE.startswith(received[: len(_PROBE)]):
            if len(received) >= len(_PROBE):
                self.evidence.append("it sent an nREPL message back as it was")
                self._decide("line", received[len(_PROBE) :])
            return
        answer = _bencoded(received)
        if answer is None:
            self._refuse_no_repl()
            self._received = b" " + received  # it only begins as nREPL would
        elif answer:
            self.evidence.append("it answered an nREPL message")
            self._decide("nrepl", answer[0])

    def _unanswered(self) -> None:
        """No answer: a Lisp's reader may have the probe as a word that is not finished."""
        received = self._received.lstrip(b" ")
        if received:
            found = self._prompt()
            if found is None:
                self.evidence.append(f"it says {_shown(received)}, and shows no prompt")
                self.again = "line"  # which is not to begin with half a line of ours
                return
            self._greeted_late(found)
            if found.leave:  # SBCL finds an error before the word is finished
                self._late = b""
                self._outgoing += b"\n" + found.leave
                self._received = b""
                self._stage = _LEAVING
                return
        elif self._system in _BUFFERED:
            self.evidence.append(f"it answers nothing, as {self._system} does with a buffered port")
            self.again = _BUFFERED[self._system]  # an error of ours would wait in that buffer
            return
        self._received = b""
        self._outgoing += b"\n"
        self._stage = _ENDED

    def _greeted_late(self, found: Prompt) -> None:
        self._late, self._late_prompt = self._received, found
        self._received = b""
        self.evidence.append(f"it greeted late, with {_shown(self._late)}")

    def _ended(self) -> None:
        """It answers the finished probe: what is known by how it begins."""
        received = self._received
        if received.startswith(b"{:tag :") and b"\n" in received:
            self.evidence.append("it answers a line of text in EDN, as Clojure's prepl does")
            self._decide("prepl")
        elif received.strip() == _PROBE:
            self.evidence.append("it sent a line back as it was")
            self._decide("line")
        elif received.startswith(b"d") and _bencoded(received):
            self.evidence.append("it answered an nREPL message, slowly")
            self.again = "nrepl"  # the newline is no message

    def _back(self) -> None:
        """It has answered the finished probe, or what was said to leave its debugger."""
        from repl_connect.detection.greetings import prompt_at_end

        received = self._received
        self._refuse_no_repl()
        found = self._prompt()
        answered = self._stage == _LEAVING or self._late_prompt is not None or _MARK in received
        if found is not None and not answered:
            self._greeted_late(found)  # the answer is still to come
            return
        if not received and self._late_prompt is not None:
            found = self._late_prompt
        if found is None:
            self.evidence.append(f"it answers a line of text with {_shown(received)}")
            self._decide("line")
        elif found.leave and self._stage == _ENDED:
            if not self._late and received.startswith(_GUILE):  # greeting and answer in one
                self._late, self._late_prompt = received, found
            self._outgoing += found.leave
            self._received = b""
            self._stage = _LEAVING
        elif self._late_prompt is not None and self._late:
            self._decide_prompt(self._late_prompt, self._late)
        else:
            # Without the answer before it, which hides that it stands at the start.
            alone = prompt_at_end(found.text, system=self._system, remembered=self._remembered)
            self._decide_prompt(alone or found, found.text)

    def _prompt(self) -> Prompt | None:
        """The prompt at the end of what was received; what is remembered tells those of one look.

        Only what is not known from what is seen now is looked up there.
        """
        from repl_connect.detection.greetings import prompt_at_end

        found = prompt_at_end(self._received, system=self._system)
        if found is None or found.sure or self._remembered is None:
            return found
        return prompt_at_end(self._received, system=self._system, remembered=self._remembered)

    def _closed(self) -> None:
        received = self._received
        if self._stage == _PROBED and not received:
            self.evidence.append("it closed the connection on an nREPL message, as Swank does")
            self.again = "swank"
            return
        if not received:
            when = "at once" if self._stage == _GREETING else "when it was asked what it is"
            raise ConnectError(
                f"{self.name}: it closed the connection {when}. "
                "It may serve one client at a time, or refuse this one: see its log."
            )
        self._refuse_no_repl()
        found = self._late_prompt or self._prompt()
        if self._stage != _GREETING and found is not None:
            self.evidence.append(
                f"it greeted late, with {_shown(found.text)}, and closed on the probe"
            )
            self.again = found.dialect
            return
        raise ConnectError(
            f"{self.name}: it said {_shown(received)} and closed the connection. "
            "It may serve one client at a time, or refuse this one."
        )

    def _refuse_no_repl(self) -> None:
        from repl_connect.detection.greetings import no_repl

        if (what := no_repl(self._received)) is not None:
            raise ConnectError(f"{self.name}: this is {what}.")

    def _decide(self, dialect: str, feed: bytes = b"") -> None:
        self.dialect = dialect
        self._feed = feed


_TRY: Final = "If you know better, force it with --dialect NAME."


def _is_begun(received: bytes) -> bool:
    """Whether it may become Guile's greeting, of which enough has come to wait for the rest."""
    return len(received) > 2 and (
        _GUILE.startswith(received) or (received.startswith(_GUILE) and b"\n" not in received)
    )


def _bencoded(received: bytes) -> tuple[bytes] | tuple[()] | None:
    """What follows an answer to the probe; nothing if it is not whole, None if it is none."""
    decoder = Decoder()
    decoder.feed(received)
    try:
        message = decoder.next_message()
    except RemoteProtocolError:
        return None
    if message is None:
        return ()
    return (decoder.rest,) if "status" in message or "ops" in message else None


def _shown(data: bytes) -> str:
    """The first line of something received, fit to be shown."""
    text = data.decode("utf-8", "replace")
    line = next((line for line in text.splitlines() if line.strip()), text)
    return ascii(line[:60])
