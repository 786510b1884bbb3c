"""The tables of faults and abuse name tests that are there."""

from __future__ import annotations

import ast

import pytest
from proofs import DOCUMENTS, document_of, rows_of


@pytest.mark.parametrize("directory", DOCUMENTS)
def test_each_row_names_a_test_that_is_there(directory: str) -> None:
    there = {
        node.name
        for file in document_of(directory).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = {row.rsplit("`", 2)[-2] for row in rows_of(directory)}
    assert named
    assert named <= there
