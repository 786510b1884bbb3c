"""Evaluating in real Guile programs: cooperative and threaded, on a Unix socket and on TCP."""

from __future__ import annotations

from pathlib import Path

from driver import Client
from guile.programs import GuileProgram

from repl_connect.session import NeedInput, Output, Value


def test_a_global_set_here_is_what_the_loop_prints_next(
    program: GuileProgram, client: Client
) -> None:
    program.value_after("5")
    outcome = client.evaluate("(define *myglobal* 3)")
    assert outcome.values == []
    assert outcome.failed is None
    before = program.turn()
    program.value_after("3")
    assert program.turn() - before < 5


def test_it_says_who_is_there(program: GuileProgram, client: Client) -> None:
    description = client.link.session.description
    assert description is not None
    assert description.language == "guile"
    assert client.link.greeting is not None
    assert client.link.greeting.startswith("Guile 3.")
    assert client.link.greeting.endswith("upgraded")
    assert client.link.session.namespace == "(guile-user)"


def test_values_one_for_each_value_of_each_form(client: Client) -> None:
    outcome = client.evaluate('(values 1 2) \'x (if #f #f) (values) "a\\"b"')
    assert outcome.values == ["1", "2", "x", '"a\\"b"']
    assert outcome.labels == ["$1", "$2", "$3", "$4"]
    assert client.value("(+ $1 $2)") == "3"


def test_a_value_does_not_wait_for_the_next_form(client: Client) -> None:
    running = client.start("'first (let lp () (lp))")
    client.until(running, Value)
    assert running.values == ["first"]
    assert client.interrupt(running) is None
    client.finish(running)


def test_output_arrives_whole_and_live(client: Client) -> None:
    outcome = client.evaluate('(display "héλ✓\\n") (display "no newline")')
    assert outcome.out == "héλ✓\nno newline"
    outcome = client.evaluate('(display "to-err" (current-error-port))')
    assert outcome.err == "to-err"
    running = client.start('(begin (display "first\\n") (let lp () (lp)))')
    client.until(running, Output)
    assert running.out == "first\n"
    assert client.interrupt(running) is None
    client.finish(running)


def test_an_error_shows_itself_and_the_loop_misses_no_turn(
    program: GuileProgram, client: Client
) -> None:
    before = program.turn()
    outcome = client.evaluate("(car 1)")
    assert outcome.failed is not None
    assert outcome.failed.type == "wrong-type-arg"
    assert outcome.failed.message is not None
    assert "In procedure car" in outcome.failed.message
    assert "In procedure car" in outcome.err
    assert program.turn() > before
    assert client.value("(+ 1 1)") == "2"


def test_an_endless_loop_is_interrupted_and_the_program_goes_on(
    program: GuileProgram, client: Client
) -> None:
    for code in (
        "(let lp () (lp))",
        "(sleep 1000)",
        "(let lp () (catch #t lp (lambda _ #f)) (lp))",
    ):
        running = client.start(f'(display "going\\n") {code}')
        client.until(running, Output)
        assert client.interrupt(running) is None
        done = client.finish(running).done
        assert done is not None
        assert done.interrupted
        before = program.turn()
        assert program.turn() > before
    assert client.value("(+ 1 1)") == "2"


def test_an_evaluation_that_waits_for_the_next_poll_can_be_interrupted(tmp_path: Path) -> None:
    program = GuileProgram(tmp_path / "seldom", cooperative=True, pause=0.5)
    with Client(program.address) as client:
        running = client.start("(set! *myglobal* 17) (let lp () (lp))")
        assert client.interrupt(running) is None
        done = client.finish(running).done
        assert done is not None
        assert done.interrupted
        assert client.value("(+ 1 1)") == "2"
    program.stop()


def test_interrupting_when_nothing_runs_says_so(client: Client) -> None:
    outcome = client.evaluate("1")
    assert client.interrupt(outcome) == "Nothing runs there."


def test_two_clients_in_different_modules(program: GuileProgram, client: Client) -> None:
    with Client(program.address) as other:
        other.evaluate("(define-module (other)) (define where 'other)")
        assert other.link.session.namespace == "(other)"
        client.evaluate("(define where 'user)")
        assert client.link.session.namespace == "(guile-user)"
        assert client.value("where") == "user"
        assert other.value("where") == "other"
        assert client.value("where", namespace="(other)") == "other"
        assert client.value("where") == "user"
        other.evaluate("(define half (list 1 2")
    assert client.value("(* 6 7)") == "42"


def test_two_clients_do_not_wait_for_each_other_on_a_threaded_server(
    threaded: GuileProgram,
) -> None:
    with Client(threaded.address) as first, Client(threaded.address) as second:
        running = first.start('(display "going\\n") (let lp () (lp))')
        first.until(running, Output)
        assert second.value("(+ 1 2)") == "3"
        assert first.interrupt(running) is None
        first.finish(running)


def test_leaving_in_the_middle_frees_the_host(coop: GuileProgram) -> None:
    with Client(coop.address) as first:
        running = first.start('(display "going\\n") (let lp () (lp))')
        first.until(running, Output)
    before = coop.turn()
    assert coop.turn() > before
    with Client(coop.address) as second:
        assert second.value("(+ 1 2)") == "3"


def test_input_is_asked_for_and_an_empty_line_the_end_and_cancel_differ(client: Client) -> None:
    client.evaluate("(use-modules (ice-9 rdelim))")
    for answer, value in (("typed λ\n", '"typed λ"'), ("\n", '""'), ("", "#<eof>")):
        running = client.start("(read-line)")
        client.until(running, NeedInput)
        client.link.session.give_input(answer)
        assert client.finish(running).values == [value]
    running = client.start("(read-line)")
    client.until(running, NeedInput)
    assert client.interrupt(running) is None
    done = client.finish(running).done
    assert done is not None
    assert done.interrupted
    assert client.value("(+ 1 1)") == "2"


def test_input_sent_ahead_is_kept(client: Client) -> None:
    client.evaluate("(use-modules (ice-9 rdelim))")
    client.link.session.give_input("one\ntwo\n")
    outcome = client.evaluate("(read-line) (read-line)")
    assert outcome.values == ['"one"', '"two"']
    assert outcome.asked == 0


def test_meta_commands_of_guile_work(client: Client) -> None:
    assert "Unbound variable" in client.evaluate("no-such-thing").err
    backtrace = client.evaluate(",bt").out
    assert "no-such-thing" in backtrace
    assert "repl-connect" not in backtrace
    assert client.evaluate(",m (ice-9 pretty-print)").failed is None
    assert client.link.session.namespace == "(ice-9 pretty-print)"
    client.evaluate(",m (guile-user)")
    assert "Return" in client.evaluate(",d string-append").out
    assert "real time" in client.evaluate(",time (+ 1 1)").out
    assert "2" in client.evaluate(",pp (+ 1 1)").out
    assert client.evaluate(",q").failed is not None
    assert client.value("(+ 1 1)") == "2"
    assert "Unknown meta command" in client.evaluate(",no-such-command").out


def test_a_command_of_guile_s_debugger_sees_the_frames_of_the_error(client: Client) -> None:
    client.evaluate("(define (inner secret) (car secret)) (define (outer) (list (inner 17)))")
    outcome = client.evaluate("(outer)")
    assert outcome.failed is not None
    assert [frame.name for frame in outcome.failed.frames][:2] == ["outer", "inner"]
    assert "inner" in client.evaluate(",bt").out


def test_file_line_and_column_are_those_of_the_source(client: Client) -> None:
    outcome = client.evaluate(
        "(define (f x)\n  (car x))\n\n(f 1)", file="/tmp/game.scm", line=10, column=1
    )
    assert outcome.failed is not None
    places = [(frame.name, frame.file, frame.line) for frame in outcome.failed.frames]
    assert ("f", "/tmp/game.scm", 11) in places
    assert "/tmp/game.scm:13" in outcome.err
    info = client.lookup("f")
    assert info["file"] == "/tmp/game.scm"
    assert info["line"] == 10


def test_unbalanced_unreadable_empty_and_comments(client: Client) -> None:
    outcome = client.evaluate("1 (+ 1")
    assert outcome.values == ["1"]
    assert outcome.failed is not None
    assert outcome.failed.type == "read-error"
    assert "unexpected end of input" in outcome.err
    for code in (")", "#<foo>", '"no end'):
        outcome = client.evaluate(code)
        assert outcome.done is not None
        assert outcome.failed is not None, code
    for code in ("", "   \n", "; a comment", "#| a\nblock |#", "#;(car 1)"):
        outcome = client.evaluate(code)
        assert outcome.failed is None, outcome.err
        assert outcome.values == []
    assert client.value("(+ 1 1)") == "2"


def test_values_that_cannot_be_read_back(client: Client) -> None:
    assert client.value("car").startswith("#<procedure car")
    assert client.value("(current-output-port)").startswith("#<output: ")
    assert client.value("(delay 1)").startswith("#<promise")
    assert client.value("(let ((l (list 1 2))) (set-cdr! (cdr l) l) l)") == "(1 2 . #-1#)"


def test_exit_ends_neither_the_program_nor_the_connection(client: Client) -> None:
    for code in ("(exit)", "(exit 3)", "(quit)", "(throw 'quit 1)"):
        outcome = client.evaluate(f'(display "before") {code}')
        assert outcome.out == "before"
        assert outcome.failed is not None
        assert "(exit) was called" in outcome.err
    assert client.value("(+ 1 1)") == "2"


def test_a_form_may_close_its_ports(client: Client) -> None:
    for port in ("output", "error", "input"):
        outcome = client.evaluate(f"(close-port (current-{port}-port))")
        assert outcome.done is not None
    assert client.evaluate('(display "still")').out == "still"
    client.evaluate("(use-modules (ice-9 rdelim))")
    running = client.start("(read-line)")
    client.until(running, NeedInput)
    client.link.session.give_input("x\n")
    assert client.finish(running).values == ['"x"']


def test_a_value_of_ten_megabytes(client: Client) -> None:
    text = client.value("(make-string 10000000 #\\x)")
    assert text == '"' + "x" * 10_000_000 + '"'
    client.link.session.print_quota = 1000
    outcome = client.evaluate("(iota 100000)")
    assert len(outcome.values[0]) == 1000
    assert outcome.values[0].startswith("(0 1 2 3 ")


def test_a_million_lines(client: Client) -> None:
    code = "(let lp ((i 0)) (when (< i 1000000) (display i) (newline) (lp (1+ i))))"
    size = 0
    last = ""
    count = 0

    def on_event(event: object) -> None:
        nonlocal size, last, count
        if isinstance(event, Output):
            size += len(event.text)
            count += event.text.count("\n")
            last = event.text

    evaluation = client.link.session.evaluate(f"(define (many) {code}) (many)", on_event)
    assert client.link.run_until(lambda: evaluation.done is not None, 120)
    assert count == 1_000_000
    assert last.endswith("999999\n")
    assert size == sum(len(str(i)) + 1 for i in range(1_000_000))


def test_output_of_a_thread_after_the_end_keeps_coming(client: Client) -> None:
    client.evaluate(
        "(use-modules (ice-9 threads))"
        "(define go #f)"
        "(call-with-new-thread (lambda ()"
        ' (let wait () (unless go (usleep 1000) (wait))) (display "from the thread\\n")))'
    )
    client.evaluate("(set! go #t)")
    assert client.link.run_until(lambda: bool(client.late), 20)
    assert "".join(output.text for output in client.late) == "from the thread\n"


def test_load_file_as_contents_and_as_path(client: Client, tmp_path: Path) -> None:
    source = "(define loaded 11)\n(define (twice x)\n  (* 2 x))\n(twice loaded)\n"
    outcome = client.evaluate(source, file="/tmp/loaded.scm", as_file=True)
    assert outcome.values == ["22"]
    assert client.lookup("twice")["line"] == 2
    outcome = client.evaluate("(display 1)\n(car 1)\n(display 2)", file="/x.scm", as_file=True)
    assert outcome.out == "1"
    assert outcome.failed is not None
    assert "/x.scm:2" in outcome.err


def test_redefinition_in_a_declarative_module_is_not_silent(tmp_path: Path) -> None:
    module = (
        "(define-module (game){})\n(export step)\n"
        "(define (step) 'old)\n(define-public (run) (step))\n"
    )
    (tmp_path / "game.scm").write_text(module.format(""))
    (tmp_path / "open.scm").write_text(
        module.format(" #:declarative? #f").replace("(game)", "(open)")
    )
    (tmp_path / "game.scm").rename(tmp_path / "game-source.scm")
    extra = (
        "(use-modules (system base compile))"
        "(define (load-it name) (save-module-excursion (lambda () (load-compiled"
        f' (compile-file (string-append "{tmp_path}/" name ".scm")'
        f'  #:output-file (string-append "{tmp_path}/" name ".go"))))))'
        '(load-it "game-source") (load-it "open")'
    )
    program = GuileProgram(tmp_path, cooperative=True, extra=extra)
    try:
        with Client(program.address) as client:
            outcome = client.evaluate("(define (step) 'new)", namespace="(game)")
            assert "`step'" in outcome.err
            assert "declarative" in outcome.err
            assert "#:declarative? #f" in outcome.err
            assert client.value("(run)", namespace="(game)") == "old"
            outcome = client.evaluate("(define (step) 'new)", namespace="(open)")
            assert outcome.err == ""
            assert client.value("(run)", namespace="(open)") == "new"
            client.evaluate("(define (mine) 1)", namespace="(game)")
            outcome = client.evaluate("(define (mine) 2)", namespace="(game)")
            assert outcome.err == ""
            loaded = module.format("").replace("'old", "'loaded")
            outcome = client.evaluate(loaded, file="/game.scm", as_file=True)
            assert "`step'" in outcome.err
            assert "`run'" in outcome.err
            assert client.value("(run)", namespace="(game)") == "loaded"
            outcome = client.evaluate(
                loaded.replace("(game)", "(open) #:declarative? #f"), file="/o.scm", as_file=True
            )
            assert outcome.err == ""
            fresh = module.format("").replace("(game)", "(fresh)")
            client.evaluate(fresh, file="/fresh.scm", as_file=True)
            outcome = client.evaluate("(define (step) 'new)", namespace="(fresh)")
            assert outcome.err == ""
            assert client.value("(run)", namespace="(fresh)") == "new"
    finally:
        program.stop()


def test_a_redefined_procedure_is_what_the_loop_runs(coop: GuileProgram) -> None:
    with Client(coop.address) as client:
        client.evaluate(
            "(define loop (lambda ()"
            ' (usleep 10000) (display "new loop\\n") (force-output)'
            " (poll-coop-repl-server *server*) (loop)))"
        )
        coop.wait_for_line(lambda line: line == "new loop")


def test_completions_and_lookup(client: Client) -> None:
    client.evaluate('(define* (my-own-procedure a b #:optional c) "What it does." (list a b c))')
    found = client.complete("my-own-p")
    assert [(candidate.text, candidate.type) for candidate in found] == [
        ("my-own-procedure", "function")
    ]
    assert "string-append" in {candidate.text for candidate in client.complete("string-ap")}
    assert any(candidate.type == "macro" for candidate in client.complete("define-sy"))
    assert ",backtrace" in {candidate.text for candidate in client.complete(",back")}
    assert client.complete("no-such-prefix-at-all") == []
    info = client.lookup("my-own-procedure")
    assert info["arglists-str"] == "(my-own-procedure a b #:optional c)"
    assert info["doc"] == "What it does."
    assert info["ns"] == "(guile-user)"
    assert "concatenation" in client.lookup("string-append")["doc"]
    assert client.lookup("no-such-name") == {}


def test_completions_are_answered_while_an_evaluation_runs(client: Client) -> None:
    running = client.start('(display "going\\n") (let lp () (lp))')
    client.until(running, Output)
    assert client.complete("string-ap")
    assert client.lookup("car")
    assert client.interrupt(running) is None
    client.finish(running)


def test_an_unknown_module_is_said(client: Client) -> None:
    done = client.evaluate("1", namespace="(no such module)").done
    assert done is not None
    assert done.problem is not None
    assert "(no such module)" in done.problem
    assert client.value("(+ 1 1)") == "2"


def test_nothing_of_ours_is_defined_in_the_user_s_modules(client: Client) -> None:
    client.evaluate("1")
    names = client.value("(module-map (lambda (name variable) name) (current-module))")
    assert "repl-connect" not in names
    for name in ("evaluate", "attach", "handle", "send-now", "critically"):
        assert client.value(f"(and (module-variable (current-module) '{name}) #t)") == "#f"


def test_a_stack_that_grows_for_ever_is_an_error(client: Client) -> None:
    outcome = client.evaluate("(define (deep n) (+ 1 (deep n))) (deep 1)")
    assert outcome.failed is not None
    assert outcome.failed.type == "stack-overflow"
    assert client.value("(+ 1 1)") == "2"


def test_raised_objects_and_broken_printers(client: Client) -> None:
    outcome = client.evaluate("(raise-exception 'odd)")
    assert outcome.failed is not None
    assert "odd" in outcome.err
    outcome = client.evaluate(
        "(use-modules (srfi srfi-9 gnu)) (define-immutable-record-type <bad> (make-bad) bad?)"
        "(set-record-type-printer! <bad> (lambda (record port) (car 'broken)))"
        "(make-bad)"
    )
    assert outcome.failed is not None
    assert client.value("(+ 1 1)") == "2"
