"""The list of differences is what the tests rely on, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.differences import DIFFERENCES


@pytest.mark.parametrize("what", DIFFERENCES)
def test_each_is_one_and_is_tested(what: str) -> None:
    difference = DIFFERENCES[what]
    assert difference.ours != difference.clojures
    tests = Path(__file__).parent.glob("test_*.py")
    assert any(f'"{what}"' in path.read_text(encoding="utf-8") for path in tests)
