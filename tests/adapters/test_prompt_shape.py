"""What a prompt looks like, and what it may change into."""

from __future__ import annotations

import pytest

from repl_connect.adapters.prompt_shape import Ending, PromptShape, prompt_in


@pytest.mark.parametrize(
    "prompt",
    [
        "> ",
        ">>> ",
        "scheme@(guile-user)> ",
        "db=# ",
        "In [12]: ",
        "(gdb) ",
        "me@host:~/x$ ",
        "1 ]=> ",
        "irb(main):001:0> ",
        "#;1> ",
        "* ",
        "λ> ",
        "?",
    ],
)
def test_a_prompt_is_known_by_its_looks(prompt: str) -> None:
    assert prompt_in(prompt) == prompt
    assert prompt_in(f"Welcome to it.\n\n{prompt}") == prompt


@pytest.mark.parametrize(
    "text", ["", "\n", "> \n", "Hello", "Hello.", "connected\n", "Welcome (", " ", "x" * 300 + "> "]
)
def test_what_is_no_prompt(text: str) -> None:
    assert prompt_in(text) is None


@pytest.mark.parametrize(
    ("prompt", "later"),
    [
        ("scheme@(guile-user)> ", "scheme@(guile-user) [1]> "),
        ("scheme@(guile-user)> ", "scheme@(ice-9 format)> "),
        ("scheme@(guile-user) [2]> ", "scheme@(guile-user)> "),
        ("db=# ", "other=# "),
        ("In [9]: ", "In [10]: "),
        ("#;1> ", "#;2> "),
        ("me@host:~$ ", "me@host:/usr/lib$ "),
        ("irb(main):001:0> ", "irb(main):002:0> "),
    ],
)
def test_its_words_and_numbers_may_change(prompt: str, later: str) -> None:
    shape = PromptShape(prompt)
    assert shape.ending(f"3\n{later}") == Ending(2, 0)
    assert shape.text == later
    assert shape.ending(f"no newline {later}") == Ending(11, 0)


@pytest.mark.parametrize(
    ("prompt", "rest", "asks"),
    [
        (">>> ", "... ", 1),
        (">>> ", "... ... ... ", 3),
        ("db=# ", "db-# ", 1),
        ("db=# ", "db(# ", 1),
        ("sqlite> ", "   ...> ", 1),
        ("mysql> ", "    -> ", 1),
        ("> ", "... ", 1),
        ("> ", ">> ", 1),
        ("me@host:~$ ", "> ", 1),
    ],
)
def test_what_asks_for_the_rest_is_told_apart(prompt: str, rest: str, asks: int) -> None:
    assert PromptShape(prompt).ending(rest) == Ending(0, asks)


@pytest.mark.parametrize("text", ["", "3\n", "3\n> no", "(+ 1", "Loading", "\n\n"])
def test_what_does_not_end_with_it(text: str) -> None:
    assert PromptShape("> ").ending(text) is None


@pytest.mark.parametrize("prompt", ["> ", "scheme@(guile-user)> ", "db=# "])
def test_a_part_of_it_is_kept_back(prompt: str) -> None:
    shape = PromptShape(prompt)
    for size in range(1, len(prompt)):
        assert shape.may_begin("text\n" + prompt[:size]) == 5


def test_what_can_become_no_prompt_is_not_kept_back() -> None:
    shape = PromptShape("scheme@(guile-user)> ")
    for text in ("Loading...", "a b", "3\n", "", "x" * 1000):
        assert shape.may_begin(text) == len(text)
