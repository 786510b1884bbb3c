"""What the tests of the package rely on: what goes wrong in an Emacs is not overlooked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emacs.batch import run_ert


def told(tmp_path: Path, body: str, **options: Any) -> str:
    """What is said of a file with a test of this body, and one that passes."""
    file = tmp_path / "tried-tests.el"
    file.write_text(
        "(require 'testing)\n(ert-deftest passes () (should t))\n"
        f'(ert-deftest tried () (message "a %s" \'message) {body})\n'
    )
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as failed:
        run_ert(file, **options)
    return str(failed.value)


def test_a_test_that_fails_is_named_with_what_was_said(tmp_path: Path) -> None:
    said = told(tmp_path, "(should (equal 1 2))")
    for part in ("tried-tests.el", "passed: passes", "failed: tried", "(equal 1 2)", "a message"):
        assert part in said


def test_an_emacs_that_hangs_is_stopped_and_says_where(tmp_path: Path) -> None:
    said = told(tmp_path, "(accept-process-output nil 99)", watchdog=2)
    for part in ("not done in 2 s", "quit: tried", "accept-process-output(nil 99)", "a message"):
        assert part in said


def test_a_process_that_stays_is_told_and_killed(tmp_path: Path) -> None:
    assert "sleep 999" in told(tmp_path, '(call-process "sleep" nil 0 nil "999")', to_end=0.5)


def test_a_file_that_does_not_load_is_told(tmp_path: Path) -> None:
    assert "no-such-feature" in told(tmp_path, ")(require 'no-such-feature")


def test_what_was_skipped_is_named(tmp_path: Path) -> None:
    assert "skipped tried" in told(tmp_path, '(ert-skip "no reason")')
