"""What is built, and that it stands alone."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

from documents.installed import Installed, built_sdist
from documents.reading import Block
from documents.showing import shows
from documents.user import User


@shows("README.md#start (2)")
def test_what_is_installed_needs_nothing_else(shown: list[Block], user: User) -> None:
    """`pipx install .` is what the fixture did with pip: an environment of its own, the command."""
    assert [step.command for step in shown[0].steps] == ["pipx install ."]
    (version,) = user.succeed("repl-connect --version")
    assert version.startswith("repl-connect ")
    code = "import repl_connect, repl_server; print(repl_connect.__file__, repl_server.__file__)"
    (places,) = user.succeed(f"python -c '{code}'")
    assert all(str(user.installed.path) in each for each in places.split())
    packages = user.installed.path.glob("lib/python*/site-packages/*.dist-info")
    names = {path.name.partition("-")[0].lower() for path in packages}
    assert names == {"prompt_toolkit", "pygments", "repl_connect", "tomlkit", "wcwidth"}


def test_the_sources_that_are_distributed_are_all(installed: Installed, tmp_path: Path) -> None:
    """Each file of the wheel that is a file of the checkout is in them, at its place."""
    with tarfile.open(built_sdist(tmp_path)) as sdist:
        sources = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"README.md", "pyproject.toml", "client/try", "tests/run"} <= sources
    homes = {
        "repl_connect/editors/emacs": "editors/emacs",
        "repl_connect/editors/nvim": "editors/nvim",
    }
    with zipfile.ZipFile(installed.wheel) as wheel:
        for name in wheel.namelist():
            if ".dist-info/" in name:
                continue
            home = next((each for each in homes if name.startswith(f"{each}/")), None)
            places = (
                [homes[home] + name.removeprefix(home)]
                if home
                else [f"client/{name}", f"server/{name}"]
            )
            assert name.endswith("doc/tags") or sources & set(places), name
