"""The Emacs package's Elisp: what holds for every file of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from laws.sources import ROOT
from laws.test_shape import GRAB_BAGS, LANGUAGES, LONGEST

from repl_connect import __version__

PLUGIN = ROOT / "editors" / "emacs"
FILES = sorted(PLUGIN.glob("*.el"))
TESTS = sorted((ROOT / "tests" / "emacs").glob("*.el"))
WIDEST = 100
REQUIRE = re.compile(r"^\s*\(require '(repl-connect[\w-]*)\)", re.MULTILINE)
BLOCKING = re.compile(r"\((sleep-for|sit-for|call-process|process-lines|shell-command[\w-]*)\b")

EVERY = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def required(path: Path) -> list[str]:
    """What of ours a file requires."""
    return REQUIRE.findall(path.read_text(encoding="utf-8"))


@EVERY
def test_a_file_can_be_read_in_a_sitting(path: Path) -> None:
    assert len(lines(path)) <= LONGEST
    assert [line for line in lines(path) if len(line) > WIDEST] == []
    assert not GRAB_BAGS & set(path.stem.removeprefix("repl-connect-").split("-"))


@EVERY
def test_a_file_begins_and_ends_as_a_library_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = lines(path)[0]
    assert re.fullmatch(rf";;; {path.name} --- \S.*  -\*- lexical-binding: t; -\*-", first)
    assert "\n;;; Commentary:\n\n;; " in text
    assert "\n;;; Code:\n" in text
    assert text.endswith(f"\n(provide '{path.stem})\n;;; {path.name} ends here\n")


@EVERY
def test_what_is_required_is_there(path: Path) -> None:
    assert set(required(path)) <= {each.stem for each in FILES}


def test_requiring_goes_in_no_circle() -> None:
    graph = {path.stem: required(path) for path in FILES}
    assert list(circles(graph)) == []


def test_that_law_sees_what_it_forbids() -> None:
    assert list(circles({"a": ["b"], "b": ["c"], "c": ["b"]})) == [["b", "c", "b"]]


def circles(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """Ways that lead back to a file they come from."""
    seen: set[str] = set()

    def walk(name: str, way: list[str]) -> Iterator[list[str]]:
        if name in way:
            yield [*way[way.index(name) :], name]
        elif name not in seen:
            seen.add(name)
            for each in graph.get(name, ()):
                yield from walk(each, [*way, name])

    for name in graph:
        yield from walk(name, [])


@EVERY
def test_nothing_asks_which_language_it_is(path: Path) -> None:
    if path.stem == "repl-connect-languages":
        return
    names = "|".join(sorted(LANGUAGES))
    asked = re.compile(rf"\((eq|eql|equal|string=|member|memq)\b[^()]*['\"]\(?({names})\b")
    assert [line for line in lines(path) if asked.search(line)] == []


@EVERY
def test_nothing_waits_for_another_process(path: Path) -> None:
    if path.stem == "repl-connect-doctor":  # who asks for that report wants to know
        return
    assert [line for line in lines(path) if BLOCKING.search(line)] == []


def test_nothing_compiled_is_left_beside_the_files() -> None:
    """A stale one would be loaded, and tested, in the place of its source."""
    assert sorted(PLUGIN.glob("*.elc")) == []


def test_the_version_is_the_clients() -> None:
    (main,) = [path for path in FILES if path.stem == "repl-connect"]
    assert f";; Version: {__version__}" in lines(main)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.name))
def test_so_can_the_tests_be_read(path: Path) -> None:
    assert len(lines(path)) <= LONGEST
    assert [line for line in lines(path) if len(line) > WIDEST] == []
