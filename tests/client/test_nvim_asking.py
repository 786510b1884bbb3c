"""What the host of the Neovim plugin does with questions about names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from repl_connect.events import Description
from repl_connect.languages import language_named
from repl_connect.nvim.definitions import definition_of
from repl_connect.nvim.namespaces import namespaces_for
from repl_connect.nvim.one_at_a_time import OneAtATime


class Questions:
    """Questions by their names: which were asked and which were dropped, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.happened: list[str] = []
        self.answers: dict[str, Callable[[], None]] = {}
        self.one_at_a_time = OneAtATime(patience=5, clock=lambda: self.now)

    def ask(self, name: str) -> None:
        def question(answered: Callable[[], None]) -> None:
            self.happened.append(name)
            self.answers[name] = answered

        self.one_at_a_time.ask(question, lambda: self.happened.append(f"not {name}"))


class TestOneAtATime:
    def test_the_newest_takes_the_place_of_those_that_wait(self) -> None:
        questions = Questions()
        for name in "abc":
            questions.ask(name)
        assert questions.happened == ["a", "not b"]
        questions.answers["a"]()
        assert questions.happened == ["a", "not b", "c"]
        questions.answers["c"]()
        questions.ask("d")
        assert questions.happened[-1] == "d"

    def test_what_is_never_answered_is_given_up(self) -> None:
        questions = Questions()
        questions.ask("a")
        questions.ask("b")
        questions.now = 5
        questions.ask("c")
        assert questions.happened == ["a", "not b", "c"]
        questions.answers["a"]()  # after all: it is no answer to what is asked now
        questions.ask("d")
        assert questions.happened == ["a", "not b", "c"]

    def test_nothing_waits_for_a_link_that_has_gone(self) -> None:
        questions = Questions()
        questions.ask("a")
        questions.ask("b")
        questions.one_at_a_time.forget()
        questions.ask("c")
        assert questions.happened == ["a", "not b", "c"]


SERVER = Description(frozenset(), {"repl-server": "1"}, {})
OTHER = Description(frozenset(), {}, {})


class TestNamespaces:
    @pytest.mark.parametrize(
        ("language", "text", "path", "description", "found"),
        [
            ("guile", "(define-module (a b))\n(f", "/x/y.scm", OTHER, ["(a b)"]),
            ("clojure", "(ns a.b)\n(f", "/x/y.clj", OTHER, ["a.b"]),
            ("python", "f", "/x/y.py", SERVER, ["/x/y.py"]),
            ("python", "f", "/x/y.py", OTHER, ["x.y"]),
            ("python", "f", "", SERVER, []),
            ("python", "f", "", None, []),
        ],
    )
    def test_by_the_text_or_else_by_the_path(
        self,
        *,
        language: str,
        text: str,
        path: str,
        description: Description | None,
        found: list[str],
    ) -> None:
        known = language_named(language)
        assert namespaces_for(known, text, len(text), path, description) == found


class TestDefinitions:
    def test_a_file_of_this_machine(self, tmp_path: Path) -> None:
        file = tmp_path / "a b.clj"
        file.write_text("(def x 1)")
        info = {"file": f"file:{tmp_path}/a%20b.clj", "line": 3, "column": 2}
        found = definition_of("x", info, elsewhere=False)
        assert (found.file, found.line, found.column, found.problem) == (str(file), 3, 2, "")

    def test_a_relative_path_is_seen_from_the_file_that_asks(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / "zoo.scm").write_text("")
        asking = str(tmp_path / "src" / "main.scm")
        for told in ("zoo.scm", "src/zoo.scm"):
            found = definition_of("x", {"file": told}, elsewhere=False, path=asking)
            assert found.file == str(tmp_path / "src" / "zoo.scm")

    @pytest.mark.parametrize("told", ["jar:file:{}!/a/zoo.clj", "{}/a/zoo.clj"])
    def test_a_member_of_an_archive_is_a_text(self, tmp_path: Path, told: str) -> None:
        archive = tmp_path / "lib.jar"
        with ZipFile(archive, "w") as jar:
            jar.writestr("a/zoo.clj", "(def \x1bx 1)\r\n")
        info = {"file": told.format(archive), "line": 1}
        found = definition_of("x", info, elsewhere=False)
        assert (found.file, found.name, found.line) == ("", "lib.jar/a/zoo.clj", 1)
        assert "\x1b" not in found.text
        assert found.text.endswith("x 1)\n")

    def test_a_broken_archive(self, tmp_path: Path) -> None:
        archive = tmp_path / "lib.jar"
        archive.write_bytes(b"no archive")
        info = {"file": f"jar:file:{archive}!/zoo.clj", "line": 1}
        found = definition_of("x", info, elsewhere=False)
        assert found.text == ""
        assert found.problem == f"x is defined in jar:file:{archive}!/zoo.clj:1, " + (
            "which can't be read here."
        )

    def test_an_archive_with_a_damaged_member(self, tmp_path: Path) -> None:
        archive = tmp_path / "lib.jar"
        with ZipFile(archive, "w", ZIP_DEFLATED) as jar:
            jar.writestr("zoo.clj", "(def x 1)\n" * 100)
        data = bytearray(archive.read_bytes())
        data[37:45] = b"\xff" * 8  # behind the header and the name
        archive.write_bytes(data)
        found = definition_of("x", {"file": f"{archive}/zoo.clj", "line": 1}, elsewhere=False)
        assert (found.text, found.file) == ("", "")
        assert found.problem.endswith("can't be read here.")

    def test_a_line_that_no_file_has(self) -> None:
        found = definition_of("x", {"line": 2**70, "column": -3}, elsewhere=False)
        assert (found.line, found.column) == (1, 1)

    def test_a_file_of_another_machine_is_not_looked_for_here(self, tmp_path: Path) -> None:
        file = tmp_path / "zoo.py"
        file.write_text("x = 1")
        info = {"file": str(file), "line": 1, "source": "x = 2\n"}
        found = definition_of("x", info, elsewhere=True)
        assert (found.file, found.text) == ("", "x = 2")
        assert found.problem == f"x is defined on the other machine, in {file}:1."

    def test_what_was_only_typed(self) -> None:
        found = definition_of("x", {"file": "<repl 3>", "source": "x = 2\n"}, elsewhere=False)
        assert (found.file, found.text, found.name, found.problem) == ("", "x = 2", "x", "")

    def test_what_nothing_is_known_of(self) -> None:
        found = definition_of("x", {}, elsewhere=False)
        assert found.problem == "Nothing is known here of where x is defined."
