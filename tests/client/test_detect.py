"""What is at the other end, from what it says: without a socket, bytes and silences only."""

from __future__ import annotations

import pytest

from repl_connect.adapters.guile import GuileAdapter
from repl_connect.channel import WireChannel
from repl_connect.detection.detector import Detector
from repl_connect.detection.peer import Peer
from repl_connect.errors import ConnectError
from repl_server.wire import encode

PROBE = encode({"op": "describe", "id": "0"})
DESCRIBED = encode({"id": "0", "ops": {"eval": {}}, "status": ["done"]})
GUILE = b"GNU Guile 3.0.8\nCopyright\n\nEnter `,help' for help.\nscheme@(guile-user)> "
PYTHON = b'Python 3.11.7 (main)\nType "help" for more.\n(Console)\n>>> '
SBCL_ERROR = b'\ndebugger invoked on a READER-ERROR: too many colons in "id1"\n\n0] '


def peer(system: str, *, relayed: bool = False) -> Peer:
    return Peer(1234, "socat" if relayed else system, system, relayed)


def detector(
    system: str | None = None, *, relayed: bool = False, remembered: str | None = None
) -> Detector:
    who = None if system is None else peer(system, relayed=relayed)
    return Detector("there", peer=who, remembered=lambda: remembered)


def decided(found: Detector) -> bool:
    return found.dialect is not None or found.again is not None


def hear(found: Detector, *said: bytes | None) -> bytes:
    """Give it bytes and silences (None), until it has decided; what it sent."""
    sent = b""
    for what in said:
        assert not decided(found), f"decided too early: {found.evidence}"
        if what is None:
            assert found.wait is not None
            found.silent()
        else:
            found.receive_data(what)
        sent += found.data_to_send()
    return sent


def hear_bytes(found: Detector, said: bytes) -> bytes:
    """The same a byte at a time, as long as it listens."""
    sent = b""
    for at in range(len(said)):
        if decided(found):
            break
        found.receive_data(said[at : at + 1])
        sent += found.data_to_send()
    return sent


AT_ONCE = [
    (GUILE, None, "guile"),
    (GUILE, "python", "guile"),  # through a relay
    (PYTHON, None, "python"),
    (b">>> ", "python", "python"),
    (b"user=> ", "java", "clojure"),
    (b"Welcome to my service.\nmy.app.core=> ", "java", "clojure"),
    (b"Clojure 1.11.1\nuser=> ", None, "clojure"),
    (b"* ", "sbcl", "sbcl"),
    (b"This is SBCL 2.2.9.debian\n* ", None, "sbcl"),
    (b"0] ", "sbcl", "sbcl"),
    (b"0[2] ", "sbcl", "sbcl"),
    (b"> ", "node", "node"),
    (b"> ", "racket", "racket"),
    (b"> ", "scm", "scm"),
    (b'Welcome to Node.js v20.1.\nType ".help".\n> ', None, "node"),
    (b"Welcome to Racket v8.7 [cs].\n> ", None, "racket"),
    (b"SCM version 5f3, Copyright\n> ", None, "scm"),
]

WHEN_SILENT = [
    (b">>> ", None, "python"),
    (b"* ", None, "sbcl"),
    (b"12] ", None, "sbcl"),
    (b"user=> ", None, "clojure"),
    (b"> ", None, "prompt"),
    (b"> ", "python", "prompt"),
    (b"(gdb) ", "gdb", "prompt"),
    (b'=thread-group-added,id="i1"\n(gdb) \n', "gdb", "line"),  # its protocol for programs
    (b"psql (15.1)\n\nmydb=> ", None, "prompt"),
    (b"mydb=# ", None, "prompt"),
    (b"user@host:~$ ", None, "prompt"),
    (b"connected\n", "scm", "line"),
    (b"You are user433.\n", "racket", "line"),
    (b"Welcome to the chat!\nYour name: ", None, "line"),
    (b"\x1b[2J\x1b[31mRed\n", None, "line"),
    (b"* one thing\n* another\n", None, "line"),
    (b"G", None, "line"),
    (b"\0\xff\xfe", None, "line"),
]


class TestGreetings:
    """What speaks first is known by it, and never sent a probe."""

    @pytest.mark.parametrize(("greeting", "system", "dialect"), AT_ONCE, ids=repr)
    def test_two_signs_decide_at_once(
        self, greeting: bytes, system: str | None, dialect: str
    ) -> None:
        found = detector(system)
        assert hear(found, greeting) == b""
        assert found.dialect == dialect

    @pytest.mark.parametrize(("greeting", "system", "dialect"), WHEN_SILENT, ids=repr)
    def test_one_sign_decides_when_nothing_follows(
        self, greeting: bytes, system: str | None, dialect: str
    ) -> None:
        found = detector(system)
        assert hear(found, greeting, None) == b""
        assert found.dialect == dialect

    @pytest.mark.parametrize(("greeting", "system", "dialect"), [*AT_ONCE, *WHEN_SILENT], ids=repr)
    def test_in_pieces(self, greeting: bytes, system: str | None, dialect: str) -> None:
        found = detector(system)
        assert hear_bytes(found, greeting) == b""
        if not decided(found):
            assert hear(found, None) == b""
        assert found.dialect == dialect

    def test_it_waits_for_the_rest_of_guiles_greeting(self) -> None:
        found = detector()
        hear(found, GUILE[:8])
        assert found.wait is None
        hear(found, GUILE[8:])
        assert found.dialect == "guile"

    def test_the_adapter_gets_what_was_received(self) -> None:
        found = detector()
        hear(found, GUILE)
        channel = found.channel()
        assert isinstance(channel, GuileAdapter)
        assert channel.data_to_send().startswith(b",option interp ")

    def test_a_prompt_of_many_is_said_to_be_one(self) -> None:
        found = detector()
        hear(found, b"> ", None)
        assert "--dialect" in found.advice
        known = detector("node")
        hear(known, b"> ")
        assert known.advice == ""

    def test_what_a_relay_starts_decides(self) -> None:
        found = detector("scm", relayed=True)
        hear(found, b"> ")
        assert found.dialect == "scm"
        assert "socat, which starts scm" in found.evidence[0]

    @pytest.mark.parametrize(
        ("greeting", "what"),
        [
            (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
            (b"HTTP/1.0 400 Bad Request\r\n\r\n", "web server"),
            (b'<!DOCTYPE HTML>\n<html lang="en">\n', "web server"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        ],
        ids=repr,
    )
    def test_what_is_no_repl_is_refused_with_a_reason(self, greeting: bytes, what: str) -> None:
        found = detector()
        with pytest.raises(ConnectError, match=what):
            hear(found, greeting)
        assert found.data_to_send() == b""

    def test_it_speaks_and_closes(self) -> None:
        with pytest.raises(ConnectError, match="said 'too many users' and closed"):
            hear(detector(), b"too many users\n", b"")


class TestWithoutAsking:
    def test_forced(self) -> None:
        found = Detector("there", dialect="guile", peer=peer("sbcl"))
        assert found.dialect == "guile"
        assert found.evidence == ["--dialect guile says so"]
        assert isinstance(found.channel(), GuileAdapter)

    def test_recorded(self) -> None:
        found = Detector("there", recorded=True)
        assert found.dialect == "nrepl"
        assert "record" in found.evidence[0]
        assert isinstance(found.channel(), WireChannel)

    def test_a_guile_is_waited_for(self) -> None:
        found = detector("guile")
        assert found.wait is None
        assert "poll-coop-repl-server" in str(found.gave_up(2))

    def test_a_silent_sbcl_is_swank(self) -> None:
        found = detector("sbcl")
        assert hear(found, None) == b""
        assert found.dialect == "swank"

    def test_an_sbcl_that_is_only_starting_is_not(self) -> None:
        found = detector("sbcl", relayed=True)
        assert found.wait is not None
        assert found.wait > 2
        hear(found, b"* ")
        assert found.dialect == "sbcl"


class TestProbe:
    """The silent are asked, in nREPL, without a newline."""

    def test_nrepl(self) -> None:
        found = detector("java")
        assert hear(found, None) == PROBE
        assert hear_bytes(found, DESCRIBED) == b""
        assert found.dialect == "nrepl"

    def test_a_begun_answer_is_waited_for(self) -> None:
        found = detector()
        hear(found, None, DESCRIBED[:10])
        assert found.wait is None

    def test_nrepl_that_says_more(self) -> None:
        found = detector()
        hear(found, None, DESCRIBED + encode({"out": "x"}))
        assert found.channel().next_event() == {"out": "x"}

    def test_an_echo(self) -> None:
        found = detector()
        hear(found, None)
        hear_bytes(found, PROBE)
        assert found.dialect == "line"
        assert "sent an nREPL message back" in found.evidence[-1]

    def test_closed_by_it_swank_is_spoken_on_another_connection(self) -> None:
        found = detector()
        hear(found, None, b"")
        assert (found.dialect, found.again) == (None, "swank")

    def test_silent_racket(self) -> None:
        found = detector("racket")
        assert hear(found, None, None) == PROBE
        assert found.again == "racket"

    @pytest.mark.parametrize("answer", [b"dx", b"de", b"d1:ai5ee"])
    def test_an_answer_that_only_begins_as_nrepl(self, answer: bytes) -> None:
        found = detector()
        hear(found, None, answer, None)
        assert found.again == "line"

    def test_a_web_server_that_waits_for_a_request(self) -> None:
        with pytest.raises(ConnectError, match="web server"):
            hear(detector(), None, b"HTTP/1.1 400 Bad Request\r\n")

    def test_it_answers_half_a_line(self) -> None:
        """What it has of our line is not to be the beginning of the user's."""
        found = detector()
        assert hear(found, None, b"ERR unknown command\r\n", None) == PROBE
        assert found.again == "line"


class TestFinishedProbe:
    """A newline finishes the word that a Lisp's reader may hold."""

    RETURNED = b'{:tag :ret, :val "{:via []}", :ns "user", :form "d2:id", :exception true}\n'

    def test_prepl(self) -> None:
        found = detector("java")
        assert hear(found, None, None) == PROBE + b"\n"
        assert hear_bytes(found, self.RETURNED) == b""
        assert found.dialect == "prepl"

    def test_an_echo_of_lines(self) -> None:
        found = detector()
        hear(found, None, None)
        hear_bytes(found, PROBE + b"\r\n")
        assert found.dialect is None or found.dialect == "line"
        if not decided(found):
            hear(found, None)
        assert found.dialect == "line"

    def test_a_slow_nrepl_is_asked_anew(self) -> None:
        found = detector()
        hear(found, None, None, DESCRIBED)
        assert found.again == "nrepl"

    def test_a_server_of_lines(self) -> None:
        found = detector()
        hear(found, None, None, b"ERR unknown command\r\n", None)
        assert found.dialect == "line"

    def test_a_prompt_that_comes_only_after_errors_is_used(self) -> None:
        found = detector()
        hear(found, None, None, b"\n;Unbound variable: d2:id1\n\nfoo> ", None)
        assert found.dialect == "prompt"

    def test_a_debugger_that_it_entered_is_left_again(self) -> None:
        found = detector()
        sent = hear(found, None, None, b";Unbound variable: d2:id1\n\n2 error> ", None)
        assert sent == PROBE + b"\n(restart 1)\n"
        hear(found, b";Abort!\n", None)
        assert found.dialect == "line"

    def test_silence_is_never_more_than_silence(self) -> None:
        found = detector()
        hear(found, None, None)
        assert found.wait is None
        assert "says nothing" in str(found.gave_up(15))

    def test_closed_by_it(self) -> None:
        with pytest.raises(ConnectError, match="when it was asked"):
            hear(detector(), None, None, b"")


class TestLateGreetings:
    """It greets after the probe was sent: the probe is cleaned up, and it is used all the same."""

    def test_guile(self) -> None:
        found = detector()
        sent = hear(
            found,
            None,
            GUILE[:40],
            GUILE[40:],
            None,
            b"Unbound variable: d2:id1:02:op8:describee\n\nEntering a new prompt.\n",
            b"scheme@(guile-user) [1]> ",
            None,
            b"scheme@(guile-user)> ",
            None,
        )
        assert sent == PROBE + b"\n,q\n"
        assert found.dialect == "guile"
        assert found.channel().data_to_send().startswith(b",option interp ")

    def test_guile_is_waited_for_between_its_polls(self) -> None:
        found = detector()
        hear(found, None, GUILE[:40])
        assert found.wait is None
        hear(found, GUILE[40:], None)
        assert found.wait is None
        hear(found, b"Unbound variable\n")
        assert found.wait is None

    @pytest.mark.parametrize(
        ("greeting", "error", "dialect"),
        [
            (b"user=> ", b"Unable to resolve symbol\nuser=> ", "clojure"),
            (PYTHON, b"SyntaxError: invalid syntax\n>>> ", "python"),
            (b"> ", b"Uncaught SyntaxError\n\n> ", "prompt"),
            (b"Welcome to Racket v8.7 [cs].\n> ", b"d2: undefined;\n> ", "racket"),
        ],
        ids=repr,
    )
    def test_a_repl_without_levels(self, greeting: bytes, error: bytes, dialect: str) -> None:
        found = detector()
        assert hear(found, None, greeting, None, error, None) == PROBE + b"\n"
        assert found.dialect == dialect

    @pytest.mark.parametrize(
        ("greeting", "answer", "dialect"),
        [
            (
                b"user=> ",
                b"Unable to resolve symbol: d2:id1:02 in this context\nuser=> ",
                "clojure",
            ),
            (PYTHON, b'  File "<console>", line 1\n    d2:id1:02\nSyntaxError\n>>> ', "python"),
        ],
        ids=repr,
    )
    def test_later_than_the_newline(self, greeting: bytes, answer: bytes, dialect: str) -> None:
        """Its greeting is not taken for its answer, which is still to come."""
        found = detector()
        assert hear(found, None, None, greeting, None) == PROBE + b"\n"
        assert not decided(found)
        assert hear(found, answer, None) == b""
        assert found.dialect == dialect

    def test_guile_later_than_the_newline(self) -> None:
        found = detector()
        hear(found, None, None, GUILE[:40])
        assert found.wait is None
        hear(found, GUILE[40:], None)
        assert found.wait is None
        error = b"Unbound variable: d2:id1:02\nscheme@(guile-user) [1]> "
        assert hear(found, error, None) == b",q\n"
        hear(found, b"scheme@(guile-user)> ", None)
        assert found.dialect == "guile"

    def test_a_greeting_and_the_answer_at_once(self) -> None:
        found = detector()
        hear(found, None, None, b"user=> Unable to resolve symbol: d2:id1:02\nuser=> ", None)
        assert found.dialect == "clojure"

    def test_guiles_greeting_and_its_answer_at_once(self) -> None:
        found = detector()
        error = b"Unbound variable: d2:id1:02\nscheme@(guile-user) [1]> "
        assert hear(found, None, None, GUILE + error, None) == PROBE + b"\n,q\n"
        hear(found, b"scheme@(guile-user)> ", None)
        assert found.dialect == "guile"
        assert found.channel().data_to_send().startswith(b",option interp ")

    def test_one_that_says_nothing_to_the_probe_is_used_in_the_end(self) -> None:
        found = detector()
        hear(found, None, None, b"user=> ", None, None)
        assert found.dialect == "clojure"

    def test_sbcl_that_is_in_its_debugger_by_then(self) -> None:
        found = detector()
        assert hear(found, None, b"* " + SBCL_ERROR, None) == PROBE + b"\nabort\n"
        hear(found, b"\n* ", None)
        assert found.dialect == "sbcl"

    def test_sbcl_that_closes_on_it(self) -> None:
        found = detector()
        hear(found, None, b"* ", b"")
        assert found.again == "sbcl"

    def test_a_chat_is_left_and_entered_anew(self) -> None:
        found = detector()
        assert hear(found, None, b"Welcome, user1\n", None) == PROBE
        assert found.again == "line"


def test_what_is_far_away_gets_more_time() -> None:
    near, far = detector(), Detector("there", delay=0.5)
    assert near.wait is not None
    assert far.wait == near.wait + 0.5


class TestMemory:
    """What was found before: it tells those of one look apart, and shortens the waiting."""

    def test_of_several_it_tells_which(self) -> None:
        found = detector(remembered="racket")
        hear(found, b"> ")
        assert (found.dialect, found.guessed) == ("racket", True)
        assert "racket was found here before" in found.evidence

    @pytest.mark.parametrize(
        ("greeting", "system", "dialect"),
        [
            (b"> ", "node", "node"),
            (b"Welcome to Node.js v20.\n> ", None, "node"),
            (PYTHON, None, "python"),
            (GUILE, None, "guile"),
        ],
        ids=repr,
    )
    def test_what_is_seen_is_stronger(
        self, greeting: bytes, system: str | None, dialect: str
    ) -> None:
        found = detector(system, remembered="racket")
        hear(found, greeting)
        assert (found.dialect, found.guessed) == (dialect, False)

    def test_it_does_not_make_a_repl_of_a_chat(self) -> None:
        found = detector(remembered="racket")
        hear(found, b"hello\n", None)
        assert found.dialect == "line"

    @pytest.mark.parametrize("remembered", ["nrepl", "prepl", "swank"])
    def test_those_that_are_silent_are_spoken_to_sooner(self, remembered: str) -> None:
        known, unknown = detector(remembered=remembered), detector()
        assert known.wait is not None
        assert unknown.wait is not None
        assert known.wait < unknown.wait

    def test_those_that_greet_are_waited_for_longer(self) -> None:
        known, unknown = detector(remembered="guile"), detector()
        assert known.wait is not None
        assert unknown.wait is not None
        assert known.wait > unknown.wait

    def test_remembered_swank_is_a_guess(self) -> None:
        found = detector(remembered="swank")
        assert hear(found, None) == b""
        assert (found.dialect, found.guessed) == ("swank", True)

    def test_it_is_not_asked_where_it_does_not_matter(self) -> None:
        def asked() -> str | None:
            raise AssertionError

        found = Detector("there", peer=peer("guile"), remembered=asked)
        assert found.wait is None
        hear(found, GUILE)
        assert found.dialect == "guile"


@pytest.mark.parametrize("size", range(1, len(PROBE)))
def test_a_server_that_echoes_a_part_of_it_is_waited_for(size: int) -> None:
    found = detector()
    hear(found, None, PROBE[:size])
    assert not decided(found)
    assert found.wait is None
