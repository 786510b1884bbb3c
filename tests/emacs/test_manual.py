"""The tables in the manual of the Emacs package are those of the package."""

from __future__ import annotations

import pytest
from emacs.isolated import EMACS
from emacs.manual import MANUAL, with_tables


@pytest.mark.skipif(EMACS is None, reason="needs emacs")
def test_the_tables_are_those_of_the_package() -> None:
    text = MANUAL.read_text("utf-8")
    assert "<!-- end of " in text
    assert with_tables() == text, "run: PYTHONPATH=tests python tests/emacs/manual.py"
