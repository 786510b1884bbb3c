"""The package installed in fresh environments, and users who have it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from documents.installed import Installed, install, install_with_extras, once
from documents.user import User


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What `pipx install .` makes."""
    return once(tmp_path_factory, "documents", install)


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Installed:
    """What `pipx install '.[dashboard,dask,lan,nvim]'` makes."""
    return once(
        tmp_path_factory,
        "documents-extras",
        lambda place: install_with_extras(place, installed.wheel),
    )


@contextmanager
def _living(environment: Installed) -> Iterator[User]:
    # Its address is short, as a socket's path has to be.
    directory = Path(tempfile.mkdtemp(prefix="rc-doc-", dir="/tmp"))
    user = User(directory, environment)
    try:
        yield user
    finally:
        user.close()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def user(installed: Installed) -> Iterator[User]:
    """Somebody who has installed the package, without extras."""
    with _living(installed) as somebody:
        yield somebody


@pytest.fixture
def complete_user(complete: Installed) -> Iterator[User]:
    """Somebody who has installed all extras too."""
    with _living(complete) as somebody:
        yield somebody
