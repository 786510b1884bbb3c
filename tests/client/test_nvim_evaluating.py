"""What Neovim's host makes of errors, and of namespaces that are not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from repl_connect.nvim.error_places import Sent, line_of_error, own_frames, words_of_error
from repl_connect.nvim.held import held_words
from repl_connect.nvim.trial import Trial
from repl_connect.replies import failure_of
from repl_connect.session import Failed, Frame

HERE = Sent("/p/a.x", 10, 12)
NOWHERE = Sent("", 10, 12)


def line(failed: Failed, err: str = "", sent: Sent = HERE) -> int | None:
    return line_of_error(failed, err, sent)


class TestTheLine:
    def test_is_that_of_the_innermost_frame_in_the_file(self) -> None:
        frames = (Frame("<module>", "/p/a.x", 12), Frame("f", "/p/a.x", 3), Frame("g", "/q/b", 7))
        assert line(Failed("E", "bad", frames)) == 3

    def test_by_whatever_name_the_file_is_reached(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        sent = Sent(str(tmp_path / "link" / "a.x"), 1, 20)
        for file in (str(tmp_path / "real" / "a.x"), sent.path, "a.x"):
            assert line(Failed("E", "bad", (Frame("f", file, 7),)), sent=sent) == 7

    def test_not_of_another_file_of_that_name(self) -> None:
        assert own_frames([Frame("f", "lib/a.x", 7), Frame("f", None, 7)], HERE) == [False, False]

    def test_of_code_without_a_file(self) -> None:
        """Frames of earlier evaluations have other names."""
        frames = (Frame("<module>", "<repl-2>", 12), Frame("f", "<repl-1>", 11))
        assert line(Failed("E", "bad", frames), sent=NOWHERE) == 12

    @pytest.mark.parametrize(
        ("message", "err", "found"),
        [
            ("expected ':' (a.x, line 11)", '  File "/p/a.x", line 11\n    if x\n', 11),
            ('/p/a.x:11:6: Unknown # object: "#<"', "", 11),
            ("Syntax error:\n/p/a.x:10:0: let: bad let in form (let ((x)) x)", "", 10),
            ("/p/a.x:12:3: read-syntax: bad syntax `#<`", "", 12),
            ("Syntax error compiling at (/p/a.x:11:3).\nUnable to resolve", "", 11),
            ("Syntax error reading source at (REPL:11:6).\nUnreadable form", "", 11),
            (None, "Execution error (ArithmeticException) at user/f (a.x:2).\nDivide\n", 2),
            (None, "Execution error (ArithmeticException) at user/f (REPL:40).\nDivide\n", None),
            ("The form that begins on line 10 is not finished.", "", 10),
            (None, "at (REPL:12:1).\nEOF while reading, starting at line 11\n", 11),
            ("bad character\n\n  Line: 2, Column: 5, File-Position: 9", "", 11),
            ("Wrong type", "Wrong type\n  at /p/a.x:10\n  in broken\n", 10),
            ("see /p/a.xy:11 or b/a.x:11", "", None),
            ("nothing is said of it", "nor here", None),
        ],
    )
    def test_is_read_from_the_text_else(
        self, message: str | None, err: str, found: int | None
    ) -> None:
        assert line(Failed("E", message), err) == found

    @pytest.mark.parametrize(
        "message",
        [
            "expected ':' (<repl-3>, line 11)",
            '#<unknown port>:11:6: Unknown # object: "#<"',
            "Syntax error:\nunknown file:11:0: let: bad let",
            "repl:11:3: read-syntax: bad syntax `#<`",
            "Syntax error compiling at (REPL:11:3).\nUnable",
        ],
    )
    def test_is_read_from_the_text_of_code_without_a_file(self, message: str) -> None:
        assert line(Failed("E", message), sent=NOWHERE) == 11


class TestTheWords:
    @pytest.mark.parametrize(
        ("failed", "err", "words"),
        [
            (
                Failed("class java.lang.ArithmeticException"),
                "Execution error (ArithmeticException) at user/f (REPL:11).\nDivide by zero\n",
                ("java.lang.ArithmeticException", "Divide by zero"),
            ),
            (
                Failed("SyntaxError", "expected ':' (foo.py, line 11)"),
                "",
                ("SyntaxError", "expected ':'"),
            ),
            (
                Failed("syntax-error", "Syntax error:\nunknown file:10:0: let: bad let"),
                "",
                ("syntax-error", "let: bad let"),
            ),
            (
                Failed("E", "Package X does not exist.\n\n  Line: 2, Column: 1, File-Position: 7"),
                "",
                ("E", "Package X does not exist."),
            ),
            (Failed("KeyError", "'x'"), "Traceback …", ("KeyError", "'x'")),
            (Failed("error"), "", ("error", "")),
        ],
    )
    def test_are_without_the_place(self, failed: Failed, err: str, words: tuple[str, str]) -> None:
        assert words_of_error(failed, err) == words


class TestWhateverTheOtherSideSays:
    def test_a_file_that_is_no_path(self) -> None:
        frames = (Frame("f", "/p/a\0.x", 7), Frame("g", "/p/a.x", 11))
        assert own_frames(frames, HERE) == [False, True]
        assert line(Failed("E", "bad", frames)) == 11

    @pytest.mark.parametrize(
        "words", ["begins on line {}", "/p/a.x:{}: bad", "<stdin>:{}:", "x\n  Line: {}, Column: 1"]
    )
    def test_a_line_of_thousands_of_digits(self, words: str) -> None:
        failed = Failed("E", words.format("1" * 5000))
        assert line(failed) is None
        assert line(failed, sent=NOWHERE) is None

    def test_a_line_that_no_file_has(self) -> None:
        lines = [0, -1, 2**31, 2**70, "3", 7]
        told = [{"name": "f", "file": "/p/a.x", "line": each} for each in lines]
        found = failure_of({"ex": "E", "repl-server/frames": told}).frames
        assert [frame.line for frame in found] == [None] * 5 + [7]

    @pytest.mark.parametrize(
        "message", ["x" + "\n" * 500_000 + "y", "error " * 50_000 + "\nx", "Error" + "(" * 100_000]
    )
    def test_a_message_that_takes_long_to_search(self, message: str) -> None:
        assert line(Failed("E", message)) is None
        assert len(words_of_error(Failed("E", message), "")[1]) <= 20_001


def test_what_holds_the_program_is_told_without_what_one_would_type() -> None:
    assert held_words("step failed, as h1: E: x\nMend it, then evaluate: y\n") == (
        "step failed, as h1: E: x"
    )
    assert held_words("step failed\n") == "step failed"


class TestATrial:
    def test_what_comes_behind_it_waits(self) -> None:
        trial, done = Trial(), list[int]()

        def action(number: int) -> Callable[[], None]:
            return lambda: done.append(number)

        trial.run(lambda: trial.begin("first"))
        trial.run(action(2))
        trial.run(action(3))
        assert done == []
        trial.end("another")
        assert done == []
        trial.end("first")
        assert done == [2, 3]
        trial.end("first")
        trial.run(action(4))
        assert done == [2, 3, 4]

    def test_one_behind_another(self) -> None:
        trial, done = Trial(), list[str]()
        trial.begin("first")
        trial.run(lambda: trial.begin("second"))
        trial.run(lambda: done.append("third"))
        trial.end("first")
        assert done == []
        trial.end("second")
        assert done == ["third"]
