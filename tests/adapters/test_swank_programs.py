"""Swank in a real SBCL: what is special to it, and how it is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from adapters.plain import connected
from adapters.subject import Process
from adapters.subjects.swank import LOADER, SUBJECTS, start
from driver import Client

from repl_connect.adapters.swank.packets import PacketReader, packet
from repl_connect.errors import ConnectError
from repl_connect.session import NeedInput, Output

pytestmark = pytest.mark.skipif(bool(SUBJECTS[0].missing()), reason=f"needs sbcl and {LOADER}")

THREADS = "(sort (mapcar #'sb-thread:thread-name (sb-thread:list-all-threads)) #'string<)"
FLOOD = '(loop (format t "~a~%" (make-string 60 :initial-element #\\x)))'


class Emacs:
    """A plain Swank client, as SLIME is one."""

    def __init__(self, address: str) -> None:
        self.stream = connected(address)
        self.reader = PacketReader()
        self.last = 0

    def evaluate(self, form: str, thread: str = "t") -> str:
        """What is returned; all else is passed over."""
        self.last += 1
        self.stream.sendall(packet(f'(:emacs-rex {form} "COMMON-LISP-USER" {thread} {self.last})'))
        while True:
            text = self.reader.next()
            if text is None:
                data = self.stream.recv(65536)
                assert data, "it closed the connection"
                self.reader.feed(data)
            elif text.startswith(("(:debug ", "(:reader-error ")):
                pytest.fail(f"it refuses: {text[:300]}")
            elif text.startswith("(:return ") and text.endswith(f" {self.last})"):
                return text

    def threads(self) -> str:
        """The names of all threads, once those of other connections have ended."""
        # The program's, Swank's two, and four of this connection.
        few = "(cl:<= (cl:length (sb-thread:list-all-threads)) 7)"
        wait = f"(cl:loop repeat 1000 until {few} do (cl:sleep 0.01))"
        names = "(cl:mapcar #'sb-thread:thread-name (sb-thread:list-all-threads))"
        shown = self.evaluate(f"(cl:progn {wait} (cl:sort {names} #'cl:string<))")
        return shown.rpartition(" ")[0]  # without the number

    def close(self) -> None:
        self.stream.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One image for all."""
    started = start(tmp_path_factory.mktemp("swank"))
    yield started
    assert started.alive
    started.stop()


@pytest.fixture
def opened(program: Process) -> Iterator[Callable[[], Client]]:
    """Connects, as Swank."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Client(program.address, dialect="swank"))


@pytest.fixture
def client(opened: Callable[[], Client]) -> Client:
    return opened()


def asked(client: Client, op: str, **message: Any) -> list[dict[str, Any]]:
    """The replies to a request."""
    replies: list[dict[str, Any]] = []
    client.link.session.request({"op": op, **message}, replies.append)
    assert client.link.run_until(
        lambda: any("done" in reply.get("status", ()) for reply in replies), 30
    )
    return replies


def held(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(client, "repl-server/held")[-1]["held"]
    return found


def chosen(client: Client, ident: str, restart: str, **more: Any) -> list[str]:
    """Choose; the values that come of it."""
    replies = asked(client, "repl-server/restart", held=ident, restart=restart, **more)
    return [reply["value"] for reply in replies if "value" in reply]


# What it tells.


def test_each_value_of_a_form_is_told(client: Client) -> None:
    assert client.evaluate("(values 1 2) (values) :last").values == ["1", "2", ":LAST"]


def test_the_history_is_that_of_the_repl(client: Client) -> None:
    client.evaluate("(values 1 2) :two")
    assert client.value("(list * ** // ++)") == "(:TWO 1 (1 2) (VALUES 1 2))"


def test_lines_are_those_of_the_file(client: Client) -> None:
    code = "(defun deep (x)\n  (list\n    (+ 1 (/ 1 x))))\n\n(deep 0)"
    outcome = client.evaluate(code, file="/there/deep.lisp", line=10)
    assert outcome.failed is not None
    places = [(frame.name, frame.line) for frame in outcome.failed.frames if frame.file]
    assert places == [("top level form", 14), ("(deep 0)", 12)]
    assert client.lookup("deep")["line"] == 10


def test_a_value_is_cut_where_it_is_printed(client: Client) -> None:
    client.link.session.print_quota = 1000
    outcome = client.evaluate("(make-list 1000000)")
    (value,) = outcome.values
    assert len(value) == 1000


def test_more_text_than_one_message_holds(client: Client) -> None:
    outcome = client.evaluate("(write-string (make-string 17000000 :initial-element #\\a))")
    assert len(outcome.out) == 17_000_000
    assert len(outcome.values[0]) > 16_000_000


def test_errors_of_reading_have_no_frames_of_the_reader(client: Client) -> None:
    for code in ("(+ 1", "1 2)", "(no-such-package:name)", '"abc'):
        outcome = client.evaluate(code)
        assert outcome.failed is not None
        assert outcome.failed.frames == ()


def test_exhausted_stack_is_an_error(client: Client) -> None:
    outcome = client.evaluate("(defun endless (x) (+ 1 (endless x))) (endless 1)")
    assert outcome.failed is not None
    assert client.value("(+ 40 2)") == "42"


def test_a_break_and_an_abort_leave_no_level(client: Client) -> None:
    assert client.evaluate("(break)").failed is not None
    aborted = client.evaluate("(abort)").done
    assert aborted is not None
    assert aborted.problem
    assert client.value("swank::*sldb-level*") == "0"


def test_interrupting_what_has_only_been_sent(client: Client) -> None:
    for _ in range(20):
        outcome = client.start("(loop)")
        assert client.interrupt(outcome) is None
        client.finish(outcome)


def test_interrupting_what_reads(client: Client) -> None:
    outcome = client.start("(read-line)")
    client.until(outcome, NeedInput)
    client.interrupt(outcome)
    assert client.finish(outcome).values == []
    assert client.value("(+ 40 2)") == "42"


# Restarts.


def test_a_restart_with_a_value(client: Client) -> None:
    assert held(client) == []
    outcome = client.evaluate("(list 1 no-such-thing 3)")
    assert outcome.done is not None
    (error,) = held(client)
    assert error["restarts"] == ["continue", "use-value", "store-value", "abort"]
    assert client.value("(+ 40 2)") == "42"
    assert chosen(client, error["id"], "continue", value="(+ 1 1)") == ["(1 2 3)"]
    assert held(client) == []
    assert client.value("swank::*sldb-level*") == "0"


def test_a_restart_after_mending(client: Client) -> None:
    held(client)
    client.evaluate("(list (not-yet 1))")
    client.evaluate("(defun not-yet (x) (list :now x))")
    assert chosen(client, held(client)[0]["id"], "continue") == ["((:NOW 1))"]


def test_errors_within_errors_are_left_one_by_one(client: Client) -> None:
    held(client)
    code = '(restart-case (error "deep") (again () :report "Again." {}))'
    client.evaluate(code.format(":first"))
    client.evaluate(code.format(":second"))
    first, second = held(client)
    assert "repl-server/unknown-restart" in asked(
        client, "repl-server/restart", held=first["id"], restart="again"
    )[-1]["status"]  # fmt: skip
    assert chosen(client, second["id"], "again") == [":SECOND"]
    assert chosen(client, first["id"], "again") == [":FIRST"]
    client.evaluate(code.format(":third"))
    assert chosen(client, held(client)[0]["id"], "abort") == []
    assert held(client) == []
    assert client.value("swank::*sldb-level*") == "0"


def test_a_restart_that_asks(client: Client) -> None:
    held(client)
    client.evaluate("(list 1 no-such-thing 3)")
    ident, session = held(client)[0]["id"], client.link.session.user
    replies: list[dict[str, Any]] = []
    request = {"op": "repl-server/restart", "held": ident, "restart": "use-value"}
    client.link.session.request({**request, "session": session}, replies.append)
    waits = lambda: any("need-input" in reply.get("status", ()) for reply in replies)  # noqa: E731
    assert client.link.run_until(waits, 30)
    asked(client, "stdin", session=session, stdin="(* 2 21)\n")
    assert client.link.run_until(lambda: any("value" in reply for reply in replies), 30)
    assert [reply["value"] for reply in replies if "value" in reply] == ["(1 42 3)"]


def test_a_frame_of_a_held_error_is_where_its_variables_are(client: Client) -> None:
    held(client)
    client.evaluate(
        "(defun keeps (x) (declare (optimize debug))"
        ' (restart-case (progn (when (plusp x) (error "deep")) (print x)) (skip () :skipped)))\n'
        "(keeps 21)"
    )
    (error,) = held(client)
    names = [frame["name"] for frame in reversed(error["frames"])]
    number = next(at for at, name in enumerate(names) if name == "(keeps 21)")
    frame = {"repl-server/held": error["id"], "repl-server/frame": number}
    replies = asked(client, "eval", code="(* 2 x)", **frame)
    assert [reply["value"] for reply in replies if "value" in reply] == ["42"]
    assert chosen(client, error["id"], "skip") == [":SKIPPED"]


def test_a_thread_of_the_program_waits_for_a_choice(client: Client) -> None:
    client.evaluate(
        "(defparameter *thread* (sb-thread:make-thread (lambda ()"
        ' (restart-case (error "apart") (use-value (x) (list :used x)))) :name "mine"))'
    )
    assert client.link.run_until(lambda: any(event.held for event in client.late), 30)
    (error,) = held(client)
    assert error["name"] == 'thread "mine"'
    assert client.value("(+ 40 2)") == "42"
    chosen(client, error["id"], "use-value", value="7")
    assert client.value("(sb-thread:join-thread *thread*)") == "(:USED 7)"


# Leaving it as it was found.


def test_nothing_is_left_behind(program: Process) -> None:
    before = Emacs(program.address)
    threads = before.threads()
    before.close()
    with Client(program.address, dialect="swank") as client:
        held(client)
        client.evaluate("(car 1) (list no-such-thing)")
        client.evaluate("(list no-such-thing)")
        assert held(client)
        client.evaluate('(sb-thread:make-thread (lambda () (error "apart")))')
        assert client.link.run_until(lambda: any(event.held for event in client.late), 30)
    after = Emacs(program.address)
    assert after.threads() == threads
    after.evaluate('(swank-repl:create-repl nil :coding-system "utf-8-unix")')
    shown = after.evaluate('(swank:eval-and-grab-output "(+ 40 2)")', ":repl-thread")
    assert '"42"' in shown
    assert ":ok 0)" in after.evaluate("swank::*sldb-level*", ":repl-thread")
    after.close()


def test_leaving_in_a_flood_leaves_nothing_behind(program: Process) -> None:
    before = Emacs(program.address)
    threads = before.threads()
    before.close()
    for _ in range(3):
        with Client(program.address, dialect="swank") as client:
            client.until(client.start(FLOOD), Output)
    after = Emacs(program.address)
    assert after.threads() == threads
    after.close()


def test_a_module_that_is_not_there_is_an_error_and_no_wait(tmp_path: Path) -> None:
    hide = '(setf (symbol-value (intern "*FIND-MODULE*" :swank)) (constantly nil))'
    program = start(tmp_path, after=hide)
    try:
        with pytest.raises(ConnectError, match=r"[Ss]wank"):
            Client(program.address, dialect="swank")
        assert program.alive
    finally:
        program.stop()
