"""The Neovim plugin's Lua: what holds for every file of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from laws.sources import ROOT
from laws.test_shape import GRAB_BAGS, LANGUAGES, LONGEST

PLUGIN = ROOT / "editors" / "nvim"
FILES = sorted(PLUGIN.rglob("*.lua"))
BLOCKING = re.compile(r"rpcrequest|vim\.wait\b|\bfn\.(system|systemlist|jobwait|sockconnect)\(")
PUBLIC = re.compile(r"^function M[.:]")

EVERY = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGIN)))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@EVERY
def test_a_file_says_what_it_is_for_and_can_be_read_in_a_sitting(path: Path) -> None:
    assert len(lines(path)) <= LONGEST
    assert lines(path)[0].startswith("--")
    assert path.stem not in GRAB_BAGS


@EVERY
def test_every_public_function_says_what_it_does(path: Path) -> None:
    text = lines(path)
    bare = [
        line for before, line in zip(["", *text], text, strict=False)
        if PUBLIC.match(line) and not before.startswith("--")
    ]  # fmt: skip
    assert bare == []


@EVERY
def test_nothing_waits_for_another_process(path: Path) -> None:
    if path.stem != "health":  # who asks for that report wants to know
        found = [line for line in lines(path) if BLOCKING.search(line) and "--" not in line[:3]]
        assert found == []


@EVERY
def test_nothing_asks_which_language_it_is(path: Path) -> None:
    names = "|".join(LANGUAGES)
    asked = re.compile(rf"[=~]= *['\"](?:{names})['\"]|['\"](?:{names})['\"] *[=~]=")
    assert [line for line in lines(path) if asked.search(line)] == []
