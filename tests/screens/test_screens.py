"""The pictures in the user's guide show what the client does today."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from screens.make import DIRECTORY, picture
from screens.stories import STORIES
from screens.svg import text_of

_VOLATILE = re.compile(
    r"\d+\.\d+\.\d+"  # versions
    r"|\d[\d.]* (?:ms|s)\b"  # times
    r"|\d\d:\d\d(?::\d\d)?"
    r"|/tmp/\S+"
    r"|uid \d+|pid \d+"
    r"|\bnow\b|\bago\b"
    r"|\b[0-9a-f]{8}\b"
    r"| +"
)


def shown(text: str) -> list[str]:
    """The rows of a picture without what differs from run to run."""
    return [_VOLATILE.sub("~", row).strip("~") for row in text_of(text)]


@pytest.mark.parametrize("name", STORIES)
def test_the_picture_is_of_today(name: str) -> None:
    kept = (DIRECTORY / f"{name}.svg").read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as place:
        now = picture(name, Path(place))
    assert shown(now) == shown(kept), f"run: python tests/screens/make.py {name}"


def test_the_guide_has_every_picture() -> None:
    guide = (DIRECTORY.parent / "README.md").read_text("utf-8")
    for name in STORIES:
        assert f"(screens/{name}.svg)" in guide
    assert {path.stem for path in DIRECTORY.glob("*.svg")} == set(STORIES)
