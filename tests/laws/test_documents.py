"""The tables in the documents are those of the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from laws.documents import DOCUMENTS, with_tables


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_tables_are_those_of_the_source(document: Path) -> None:
    text = document.read_text("utf-8")
    assert "<!-- end of " in text
    assert with_tables(text) == text, "run: python tests/laws/documents.py"
