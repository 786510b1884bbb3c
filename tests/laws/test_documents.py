from __future__ import annotations

from laws.documents import SERVER_README, with_ops


def test_the_table_of_ops_is_the_one_of_the_source() -> None:
    text = SERVER_README.read_text("utf-8")
    assert text == with_ops(text), "run: python tests/laws/documents.py"
