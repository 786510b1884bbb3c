"""Emacs' own checks of the Elisp, of which none may complain about anything."""

from __future__ import annotations

import shutil
from pathlib import Path
from subprocess import PIPE, STDOUT, run

import pytest
from emacs.isolated import EMACS
from laws.test_elisp import FILES, PLUGIN

LINT = Path(__file__).with_name("lint.el")
PACKAGES = Path("/usr/share/emacs/site-lisp/elpa-src")
SECONDS = 120.0

pytestmark = pytest.mark.skipif(EMACS is None, reason="needs emacs")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, where something may be written beside them."""
    directory = tmp_path_factory.mktemp("copy") / "repl-connect"
    shutil.copytree(PLUGIN, directory, ignore=shutil.ignore_patterns("*.elc"))
    return directory


def says_nothing(directory: Path, *arguments: str | Path) -> None:
    """An Emacs without any configuration, run there, says nothing and ends well."""
    assert EMACS is not None
    done = run(
        [EMACS, "-Q", "--batch", *arguments],
        cwd=directory,
        env={"HOME": str(directory), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.stdout or done.returncode:
        pytest.fail(f"{done.stdout}status {done.returncode}", pytrace=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_compiles_by_itself_without_a_warning(path: Path, copy: Path) -> None:
    """With nothing loaded that it does not require."""
    strict = "(setq byte-compile-error-on-warn t load-prefer-newer t)"
    compiling = ("--eval", strict, "-f", "batch-byte-compile", path.name)
    says_nothing(copy, "-L", ".", *compiling)


def test_checkdoc_has_nothing_to_say(copy: Path) -> None:
    says_nothing(copy, "-l", LINT, "-f", "lint-docstrings", *names())


def test_package_lint_has_nothing_to_say(copy: Path) -> None:
    """It asks no archive: nothing but Emacs is required."""
    found = sorted(PACKAGES.glob("package-lint-*"))
    if not found:
        pytest.skip("needs elpa-package-lint")
    paths = [option for path in [*found, *PACKAGES.glob("let-alist-*")] for option in ("-L", path)]
    says_nothing(copy, *paths, "-l", LINT, "-f", "lint-package", *names())


def names() -> list[str]:
    return [path.name for path in FILES]
