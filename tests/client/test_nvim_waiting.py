"""Evaluations that wait for their connection: in order, and not more than there is room for."""

from __future__ import annotations

from repl_connect.nvim.requests import Evaluate
from repl_connect.nvim.waiting import Waiting


def request(number: int, code: str = "") -> Evaluate:
    return Evaluate(connection=1, evaluation=number, unit="code", code=code)


def test_each_connection_has_its_own_in_order() -> None:
    waiting = Waiting()
    for number in range(3):
        assert waiting.add(1, request(number))
    assert waiting.add(2, request(3))
    assert [each.evaluation for each in waiting.take(1)] == [0, 1, 2]
    assert waiting.take(1) == []
    assert [each.evaluation for each in waiting.take(2)] == [3]


def test_there_is_a_limit() -> None:
    waiting = Waiting()
    kept = [waiting.add(1, request(number)) for number in range(200)]
    assert kept == [True] * 100 + [False] * 100
    assert len(waiting.take(1)) == 100
    large = "x" * (10 * 1024 * 1024)
    assert [waiting.add(1, request(number, large)) for number in range(2)] == [True, False]
