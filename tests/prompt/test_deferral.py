"""Modules that are executed when they are first asked for something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from repl_connect.prompt.deferral import defer, hidden


def run(code: str) -> str:
    """What a new interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "some_package"
    directory.mkdir()
    (directory / "__init__.py").write_text("print('package')\nnumber = 1\n")
    (directory / "inner.py").write_text("print('inner')\nnumber = 2\ndef ask(): return number\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("some_package", "some_package.inner"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return directory


@pytest.mark.usefixtures("package")
def test_a_module_is_executed_when_something_is_asked_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    defer("some_package")
    import some_package  # type: ignore[import-not-found]

    assert capsys.readouterr().out == ""
    assert some_package.number == 1
    assert capsys.readouterr().out == "package\n"
    assert some_package.number == 1
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("package")
def test_what_is_in_a_package_is_imported_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    defer("some_package")
    import some_package.inner  # type: ignore[import-not-found]

    assert capsys.readouterr().out == "inner\n"
    assert some_package.inner.ask() == 2
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("package")
def test_a_module_in_a_package_is_deferred_without_importing_the_package(
    capsys: pytest.CaptureFixture[str],
) -> None:
    defer("some_package.inner")
    assert capsys.readouterr().out == ""
    from some_package.inner import ask

    assert ask() == 2
    import some_package.inner

    assert some_package.inner.ask is ask


@pytest.mark.usefixtures("package")
def test_what_is_present_is_there_until_the_module_is_executed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    defer("some_package.inner", number=7)
    from some_package.inner import number

    assert number == 7
    assert "inner" not in capsys.readouterr().out
    from some_package.inner import ask

    assert ask() == 2


def test_a_module_that_is_imported_or_is_not_there_is_left_alone() -> None:
    before = sys.modules["subprocess"]
    defer("subprocess")
    assert sys.modules["subprocess"] is before
    defer("no_such_module")
    assert "no_such_module" not in sys.modules


@pytest.mark.usefixtures("package")
def test_a_hidden_module_is_there_again_after_the_block() -> None:
    with hidden("some_package"), pytest.raises(ImportError):
        import some_package
    import some_package

    assert some_package.number == 1


def test_asyncio_without_ssl_leaves_ssl_to_others() -> None:
    code = (
        "from repl_connect.prompt.deferral import import_prompt_toolkit; import_prompt_toolkit();"
        "import sys; print('ssl' in sys.modules); import ssl; print(ssl.create_default_context)"
    )
    assert run(code).startswith("False\n<function")


def test_all_of_prompt_toolkit_is_there_for_who_asks() -> None:
    code = (
        "from repl_connect.prompt.deferral import import_prompt_toolkit; import_prompt_toolkit();"
        "import prompt_toolkit; from prompt_toolkit import PromptSession, HTML;"
        "from prompt_toolkit.widgets import TextArea; from prompt_toolkit.formatted_text import "
        "to_formatted_text; print(to_formatted_text(HTML('<b>x</b>')), prompt_toolkit.__version__);"
        "import shutil, tempfile; print(callable(shutil.which), callable(tempfile.mkdtemp))"
    )
    shown = run(code)
    assert shown.startswith("[('class:b', 'x')]") or "'x'" in shown.splitlines()[0]
    assert shown.splitlines()[1] == "True True"


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("a", 1),
        ("~", 1),
        ("…", 1),
        ("é", 1),
        ("⠋", 1),
        ("漢", 2),
        ("e\u0301", 1),
        ("\x1b", 0),
        ("日本", 4),
    ],
)
def test_characters_are_as_wide_as_with_the_tables_loaded_at_once(text: str, width: int) -> None:
    code = (
        "from repl_connect.prompt.deferral import import_prompt_toolkit; import_prompt_toolkit();"
        f"from prompt_toolkit.utils import get_cwidth; print(get_cwidth({text!r}))"
    )
    assert run(code) == f"{width}\n"
