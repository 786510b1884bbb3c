"""Real SBCL, beyond what is asked of every program: how it is left, and what it must survive."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from adapters.plain import PlainUser
from adapters.subject import Process
from adapters.subjects.sbcl import start_each, start_shared
from driver import Client

from repl_connect.adapters.sbcl import SbclAdapter
from repl_connect.errors import ConnectionLost
from repl_connect.session import NeedInput, Output

THREADS = "(sort (mapcar (function sb-thread:thread-name) (sb-thread:list-all-threads)) #'string<)"


class Terminal(PlainUser):
    """What a user of `socat` has: bytes, and a prompt after each form."""

    def __init__(self, address: str) -> None:
        super().__init__(address, b"* ")

    def upgrade(self, prompt: bytes) -> str:
        """Let an adapter have it for one evaluation, and give what it says when that has left."""
        adapter = SbclAdapter()
        replies: list[dict[str, object]] = []
        adapter.send({"op": "eval", "id": "1", "code": "(list :package *package* :sum (+ 40 2))"})
        adapter.receive_data(b"\n" + prompt)
        while not any("done" in str(reply.get("status")) for reply in replies):
            self.stream.sendall(adapter.data_to_send())
            adapter.receive_data(self.stream.recv(65536))
            while isinstance(event := adapter.next_event(), dict):
                replies.append(event)
        assert any("42" in str(reply.get("value")) for reply in replies)
        adapter.quit()
        self.stream.sendall(adapter.data_to_send())
        self.stream.shutdown(socket.SHUT_WR)
        data = b""
        while more := self.stream.recv(65536):
            data += more
        return data.decode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """An image for all tests of it that leave it alive."""
    program = start_shared(tmp_path_factory.mktemp("shared"))
    yield program
    assert program.alive
    program.stop()


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Starts an SBCL for each connection."""
    program = start_each(tmp_path_factory.mktemp("each"))
    yield program
    program.stop()


@pytest.fixture
def connect(shared: Process) -> Iterator[Callable[[], Client]]:
    """More clients of the shared image."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Client(shared.address, dialect="sbcl"))


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    """One of them."""
    return connect()


@pytest.fixture
def terminal(shared: Process) -> Iterator[Terminal]:
    """A plain user of the shared image."""
    opened = Terminal(shared.address)
    yield opened
    opened.close()


# How it is left.


def test_the_ordinary_prompt_and_no_thread_are_left(shared: Process, terminal: Terminal) -> None:
    with Client(shared.address, dialect="sbcl") as client:
        assert client.value("(+ 40 2)") == "42"
        assert "repl-connect reader" in terminal.ask(THREADS)
        running = client.start('(progn (write-line "on") (loop))')
        client.until(running, Output)
    wait_until_alone(terminal)
    after = Terminal(shared.address)
    assert after.greeting == b"* "
    assert after.ask("(list (car '(1)) sb-ext:*invoke-debugger-hook* *debugger-hook*)") == (
        "(1 NIL NIL)"
    )
    after.close()


def test_a_client_that_leaves_in_a_flood(shared: Process, terminal: Terminal) -> None:
    with Client(shared.address, dialect="sbcl") as client:
        outcome = client.start("(loop (write-line (make-string 2000 :initial-element #\\x)))")
        client.until(outcome, Output)
    wait_until_alone(terminal)


def test_clients_that_come_at_once_to_an_image_that_knows_nothing(tmp_path: Path) -> None:
    program = start_shared(tmp_path)

    def visit(number: int) -> str:
        with Client(program.address, dialect="sbcl") as client:
            return client.value(f"(+ 40 {number})")

    try:
        with ThreadPoolExecutor() as pool:
            assert list(pool.map(visit, range(4))) == ["40", "41", "42", "43"]
    finally:
        program.stop()


def wait_until_alone(terminal: Terminal) -> None:
    """Until no thread is left of other connections: they take a moment to end."""
    deadline = time.monotonic() + 30
    while (threads := terminal.ask(THREADS)) != '("main thread" "served")':
        assert time.monotonic() < deadline, threads


def test_the_connection_itself_is_back_at_its_prompt(shared: Process, each: Process) -> None:
    for program in (shared, each):
        terminal = Terminal(program.address)
        assert terminal.upgrade(b"* ").endswith("* ")
        terminal.close()


def test_a_debugger_level_is_kept(shared: Process, each: Process) -> None:
    for program in (shared, each):
        terminal = Terminal(program.address)
        terminal.ask('(error "one")', b"0] ")
        terminal.ask('(error "two")', b"0[2] ")
        said = terminal.upgrade(b"0[2] ")
        assert said.split("\n")[1].strip() == "0[2]", said
        terminal.close()


def test_nothing_comes_into_the_package_of_the_user(shared: Process, terminal: Terminal) -> None:
    count = '(let ((n 0)) (do-symbols (s "CL-USER" n) (incf n)))'
    terminal.ask(count)
    before = terminal.ask(count)
    with Client(shared.address, dialect="sbcl") as client:
        assert client.value("42") == "42"
        client.complete("never-seen")
        client.lookup("never-seen-either")
    assert terminal.ask(count) == before


def test_the_second_client_brings_no_warnings(connect: Callable[[], Client]) -> None:
    for _ in range(2):
        client = connect()
        outcome = client.evaluate("1")
        assert (outcome.out, outcome.err, client.late) == ("", "", [])


# What it survives.


def test_the_end_of_the_image_is_the_users_to_choose(tmp_path: Path) -> None:
    program = start_shared(tmp_path)
    try:
        with Client(program.address, dialect="sbcl") as client:
            outcome = client.start('(progn (write-line "bye") (sb-ext:exit :code 3))')
            with pytest.raises(ConnectionLost):
                client.link.run_until(lambda: False, 30)
            assert outcome.out == "bye\n"
        assert program.process.wait(30) == 3
    finally:
        program.stop()


def test_the_end_of_a_process_of_ones_own(each: Process) -> None:
    with Client(each.address, dialect="sbcl") as client:
        client.start("(sb-ext:quit)")
        with pytest.raises(ConnectionLost):
            client.link.run_until(lambda: False, 30)


def test_stack_and_heap_exhausted(each: Process) -> None:
    with Client(each.address, dialect="sbcl") as client:
        client.evaluate("(defun deeper (n) (+ 1 (deeper n)))")
        for _ in range(2):
            failed = client.evaluate("(deeper 1)").failed
            assert failed is not None
            assert "stack exhausted" in (failed.message or "")
            assert any(frame.name == "DEEPER" for frame in failed.frames)
        failed = client.evaluate("(make-array 100000000000)").failed
        assert failed is not None
        assert "Heap exhausted" in (failed.message or "")
        assert client.value("(+ 40 2)") == "42"


def test_the_stack_exhausted_in_one_connection_after_the_other(tmp_path: Path) -> None:
    """SBCL 2.2.9 ends the image there if a thread has left its stack unguarded."""
    program = start_shared(tmp_path)
    try:
        for _ in range(3):
            with Client(program.address, dialect="sbcl") as client:
                client.evaluate("(defun deeper (n) (+ 1 (deeper n)))")
                assert client.evaluate("(deeper 1)").failed is not None
                assert client.value("(+ 40 2)") == "42"
    finally:
        program.stop()


def test_handlers_of_the_host_do_not_see_our_errors(client: Client) -> None:
    for code in ('(read-from-string "(")', "(error 'stream-error :stream nil)", "(abort)"):
        client.evaluate(code)
        assert client.value("(+ 40 2)") == "42"


def test_the_users_own_handlers_and_debugger_hook_come_first(client: Client) -> None:
    assert client.value('(handler-case (error "x") (error () :handled))') == ":HANDLED"
    code = '(let ((*debugger-hook* (lambda (c h) c h (throw :k 5)))) (catch :k (error "x")))'
    assert client.value(code) == "5"
    assert client.value("(signal 'error)") == "NIL"


def test_an_interrupt_runs_the_cleanup(client: Client) -> None:
    outcome = client.start('(unwind-protect (progn (write-line "on") (loop)) (write-line "clean"))')
    client.until(outcome, Output)
    client.interrupt(outcome)
    assert client.finish(outcome).out == "on\nclean\n"
    assert outcome.failed is None


@pytest.mark.parametrize("code", ["(sleep 1000)", "(loop (ignore-errors (loop)))"])
def test_what_can_be_interrupted(client: Client, code: str) -> None:
    outcome = client.start(f'(progn (write-line "on") {code})')
    client.until(outcome, Output)
    client.interrupt(outcome)
    done = client.finish(outcome).done
    assert done is not None
    assert "interrupted" in done.statuses


def test_waiting_for_input_can_be_interrupted(client: Client) -> None:
    outcome = client.start("(read-line)")
    client.until(outcome, NeedInput)
    client.interrupt(outcome)
    done = client.finish(outcome).done
    assert done is not None
    assert "interrupted" in done.statuses


def test_a_flood_can_be_interrupted(client: Client) -> None:
    outcome = client.start("(loop (write-line (make-string 200 :initial-element #\\x)))")
    client.until(outcome, Output)
    client.interrupt(outcome)
    client.finish(outcome)
    assert client.value("(+ 40 2)") == "42"


def test_output_that_looks_like_a_frame_is_output(each: Process) -> None:
    fake = '(format {stream} "~c0123456789abcdef;d4:kind4:donee~%" (code-char 30))'
    with Client(each.address, dialect="sbcl") as client:
        outcome = client.evaluate(fake.format(stream="t"))
        assert outcome.out == "\x1e0123456789abcdef;d4:kind4:donee\n"
        assert outcome.values == ["NIL"]
        client.evaluate(fake.format(stream="sb-sys:*stdout*"))
        assert "".join(event.text for event in client.late) == outcome.out
        assert client.value("(+ 40 2)") == "42"


# What it is like to work in.


def test_a_history_and_a_package_for_each_session(connect: Callable[[], Client]) -> None:
    first, second = connect(), connect()
    first.evaluate("1 (values 2 3) (in-package :sb-mop)")
    second.evaluate("7")
    assert first.value("cl:///") == "(1)"
    assert first.link.session.namespace == "SB-MOP"
    assert second.value("(list * *package*)") == '(7 #<PACKAGE "COMMON-LISP-USER">)'
    assert second.value("(list + ++)") == "((LIST * *PACKAGE*) 7)"


def test_all_values_and_none(client: Client) -> None:
    assert client.evaluate('(values 1 :b) (values) "c"').values == ["1", ":B", '"c"']


def test_a_circular_value_is_cut(client: Client) -> None:
    outcome = client.evaluate(
        "(let ((l (list 1))) (setf (cdr l) l))", more={"nrepl.middleware.print/quota": 1000}
    )
    assert len(outcome.values[0]) == 1000


def test_values_and_conditions_that_do_not_print(client: Client) -> None:
    client.evaluate("(defclass shy () ())")
    client.evaluate('(defmethod print-object ((o shy) s) (error "not me"))')
    failed = client.evaluate("(make-instance 'shy)").failed
    assert failed is not None
    assert failed.message == "not me"
    client.evaluate(
        '(define-condition mute (error) () (:report (lambda (c s) c s (error "not me"))))'
    )
    failed = client.evaluate("(error 'mute)").failed
    assert failed is not None
    assert "can't be printed" in (failed.message or "")


def test_a_form_that_is_not_finished_is_told_by_its_line(client: Client) -> None:
    failed = client.evaluate("(list 1)\n; a comment\n#| one |# (list\n 2").failed
    assert failed is not None
    assert failed.message == "The form that begins on line 3 is not finished."


def test_where_an_error_and_a_definition_stand(client: Client, tmp_path: Path) -> None:
    file = str(tmp_path / "with space.lisp")
    code = "; one\n\n(defun first-one (x)\n  (list x))\n(defvar *one* 1)\n"
    client.evaluate(code, file=file, as_file=True)
    assert client.lookup("first-one")["line"] == 3
    assert client.lookup("*one*")["line"] == 5
    assert client.lookup("first-one")["file"] == file
    failed = client.evaluate("(defun broken ()\n (car 1))\n(broken)", file=file, line=20).failed
    assert failed is not None
    assert [(frame.name, frame.file, frame.line) for frame in failed.frames] == [
        ("BROKEN", file, 20)
    ]


def test_a_file_of_sbcls_own_loading_is_searched_for_a_definition(
    client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "loaded.lisp"
    file.write_text("; one\n(defvar *loaded* 1)\n\n(defun loaded (a &key b)\n  (list a b))\n")
    client.evaluate(f'(load "{file}")')
    known = client.lookup("loaded")
    assert (known["file"], known["line"], known["arglists-str"]) == (
        str(file),
        4,
        "(loaded a &key b)",
    )


def test_a_file_leaves_the_package_as_it_is(client: Client) -> None:
    client.evaluate("(in-package :sb-mop)\n(list 1)", file="/nowhere.lisp", as_file=True)
    assert client.value("(package-name *package*)") == '"COMMON-LISP-USER"'


def test_completion_of_what_names_there_are(client: Client) -> None:
    def texts(prefix: str) -> list[str]:
        return [candidate.text for candidate in client.complete(prefix)]

    assert "sb-ext:run-program" in texts("sb-ext:run-")
    assert "sb-impl::%simple-eval" in texts("sb-impl::%simple")
    assert ":external-format" in texts(":external-f")
    assert "cl-user:" in texts("cl-u")
    assert "MAPCAR" in texts("MAPC")
    assert texts("no-such-package:x") == []


def test_input_that_is_left_is_read_by_the_next(client: Client) -> None:
    outcome = client.start("(list (read-line) (read-char))")
    client.until(outcome, NeedInput)
    client.link.session.give_input("one\nxtwo\n", outcome.evaluation)
    assert client.finish(outcome).values == ['("one" #\\x)']
    assert client.evaluate("(values (read-line))").values == ['"two"']


def test_output_of_threads(client: Client, terminal: Terminal) -> None:
    """What has our stream is ours, also later; what has none is the image's."""
    outcome = client.evaluate(
        "(let ((out *standard-output*))"
        ' (sb-thread:join-thread (sb-thread:make-thread (lambda () (write-line "mine" out))))'
        ' (sb-thread:join-thread (sb-thread:make-thread (lambda () (write-line "not mine")))))'
    )
    assert outcome.out == "mine\n"
    assert terminal.ask("1") == "1"


def test_what_another_program_prints_on_our_socket(each: Process) -> None:
    with Client(each.address, dialect="sbcl") as client:
        client.evaluate('(sb-ext:run-program "/bin/echo" (list "hello") :output t)')
        client.link.run_until(lambda: bool(client.late), 30)
        assert "".join(event.text for event in client.late) == "hello\n"


def test_a_redefinition_is_told_as_sbcl_tells_it(client: Client) -> None:
    assert client.evaluate("(defun again () 1)").err == ""
    assert "redefining COMMON-LISP-USER::AGAIN" in client.evaluate("(defun again () 2)").err
    assert "undefined function" in client.evaluate("(defun calls () (no-such-one))").err


def test_where_there_are_no_threads(tmp_path: Path) -> None:
    program = start_shared(tmp_path)
    try:
        terminal = Terminal(program.address)
        terminal.ask("(setf *features* (remove :sb-thread *features*))")
        with Client(program.address, dialect="sbcl") as client:
            assert client.link.session.description is not None
            assert "interrupt" not in client.link.session.description.ops
            assert client.evaluate('(write-line "x")').out == "x\n"
            outcome = client.start("(values (read-line))")
            client.until(outcome, NeedInput)
            assert "mapcar" in [candidate.text for candidate in client.complete("mapc")]
            client.link.session.give_input("blue\n", outcome.evaluation)
            assert client.finish(outcome).values == ['"blue"']
            assert client.value("(+ 40 2)") == "42"
            assert "repl-connect" not in terminal.ask(THREADS)
        terminal.close()
    finally:
        program.stop()
