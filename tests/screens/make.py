"""Write the pictures of the user's guide anew: `python tests/screens/make.py [NAME …]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from screens.stories import STORIES
from screens.svg import svg

__all__ = ["DIRECTORY", "picture"]

DIRECTORY = Path(__file__).parents[2] / "client" / "screens"


def picture(name: str, directory: Path) -> str:
    """Play a story in a directory, and draw what is on the screen then."""
    story = STORIES[name]
    with story(directory) as terminal:
        return svg(terminal, title=(story.__doc__ or name).strip())


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for each in sys.argv[1:] or STORIES:
        with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as place:
            (DIRECTORY / f"{each}.svg").write_text(picture(each, Path(place)), "utf-8")
