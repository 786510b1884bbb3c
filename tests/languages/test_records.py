"""The records of the languages, and what loading one costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from repl_connect.languages import LANGUAGES, TEXT, language_named

LOADED = """
import json, sys
from repl_connect.languages import language_named
language_named(sys.argv[1])
print(json.dumps([each for each in sys.modules if each.startswith("repl_connect.languages.")]))
"""


@pytest.mark.parametrize("name", [*LANGUAGES, "text"])
def test_a_language_is_found_by_its_name(name: str) -> None:
    assert language_named(name).name == name
    assert language_named(name.upper()) is language_named(name)


def test_nothing_is_known_of_plain_text() -> None:
    assert TEXT.structure is None
    assert not TEXT.pairs
    assert TEXT.lexer is None


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("python", ["lisp", "scheme", "clojure", "common_lisp"]),
        ("guile", ["python", "clojure", "common_lisp"]),
        ("clojure", ["python", "scheme", "common_lisp"]),
    ],
)
def test_only_what_the_first_prompt_needs_is_loaded(name: str, others: list[str]) -> None:
    command = [sys.executable, "-c", LOADED, name]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    loaded = {each.rpartition(".")[2] for each in json.loads(found.stdout)}
    structure = {"forms", "lisp_structure", "python_source", "python_structure", "python_edits"}
    assert loaded & {*others, *structure} == set()
