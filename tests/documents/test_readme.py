"""README.md, followed from its top."""

from __future__ import annotations

import pytest
from documents.comparing import difference
from documents.reading import Block, spans_of
from documents.sessions import play
from documents.showing import shows, text_of
from documents.user import User
from guile.programs import GUILE

pytestmark = pytest.mark.skipif(GUILE is None, reason="needs guile")


@shows(
    "README.md#start (3)",  # the program
    "README.md#repl-connect",
    "README.md#repl-connect (2)",
    "README.md#one-evaluation-for-scripts",
)
def test_the_story_of_guile(shown: list[Block], user: User) -> None:
    scheme, story, printed, evaluations = shown
    assert "guile game.scm" in [text for _, text in spans_of(text_of("README.md"))]
    user.write("game.scm", scheme.text)
    game = user.program("guile game.scm", printed.lines[0])
    (step,) = story.steps
    terminal = user.terminal(step.command)
    play(terminal, step.output)
    user.leave(terminal)
    game.expect_exact(printed.lines[-1])
    values = [line for line in (game.before or "").splitlines() if "has value" in line]
    kept = list(dict.fromkeys([printed.lines[0], *values, printed.lines[-1]]))
    assert not difference(dict.fromkeys(printed.lines), kept)
    for each in evaluations.steps:
        user.follow(each)
