"""`repl-connect editor emacs`: the path, the lines for package managers, from the wheel too."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, run

import pytest
from client.command import Finished, repl_connect
from editors.environments import Environment, built_wheel
from emacs.isolated import EMACS, PACKAGE, QUIET, Isolated

from repl_connect.editors import EDITORS

SNIPPETS = ("use-package", "package-vc", "straight", "load-path")
MANAGERS = {
    "use-package": (
        "(defmacro use-package (&rest arguments) `(setq given ',arguments))",
        ["repl-connect", ":load-path", "PATH"],
    ),
    "package-vc": (
        "(require 'package) (defun package-vc-install (what) (setq given what))",
        ["repl-connect", ":url", "CHECKOUT", ":lisp-dir", "editors/emacs"],
    ),
    "straight": (
        "(defun straight-use-package (what) (setq given what))",
        ["repl-connect", ":type", "nil", ":local-repo", "PATH", ":files", "(*.el)"],
    ),
}
"""What stands for a package manager, and what it is to be given."""

COOKIE = re.compile(r"^;;;###autoload\n\((?:defun|define-minor-mode) ([\w-]+)", re.MULTILINE)
SECONDS = 120.0

needs_emacs = pytest.mark.skipif(EMACS is None, reason="needs emacs")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """What `pip install repl-connect` makes."""
    wheel = built_wheel(tmp_path_factory.mktemp("wheel"))
    return Environment(tmp_path_factory.mktemp("installed") / "my venv", wheel)


@pytest.fixture
def home(tmp_path: Path) -> Isolated:
    return Isolated(tmp_path)


def editor_emacs(*arguments: str) -> Finished:
    return repl_connect("editor", "emacs", *arguments)


def snippet(name: str) -> str:
    done = editor_emacs("--snippet", name)
    assert done.code == 0
    assert done.err.startswith("# ")
    return done.out


def printed(home: Isolated, value: str, *, config: str = "") -> str:
    """What an Emacs prints that loads a configuration and evaluates an expression to a string."""
    assert EMACS is not None
    init = home.directory / "init.el"
    marked = f'(princ (concat "\\n<<<" {value} ">>>"))'
    init.write_text("\n".join([QUIET, config, marked]), encoding="utf-8")
    done = run(
        [EMACS, "-Q", "--batch", "-l", str(init)],
        cwd=home.project,
        env=home.environment,
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = re.search(r"\n<<<(.*)>>>", done.stdout, re.DOTALL)
    assert found is not None, done.stdout
    return found[1]


def commands() -> list[str]:
    """What is to be there from the start: what has an autoload cookie."""
    found = [name for path in PACKAGE.glob("*.el") for name in COOKIE.findall(path.read_text())]
    assert "repl-connect-local" in found
    return found


def which_of(predicate: str) -> str:
    """An expression: which of the commands something holds for."""
    return f'(format "%s" (seq-filter {predicate} \'({" ".join(commands())})))'


def all_of_them() -> str:
    return f"({' '.join(commands())})"


class TestThePath:
    def test_is_all_there_is_on_standard_output(self) -> None:
        done = editor_emacs()
        assert (done.code, done.out) == (0, f"{PACKAGE}\n")
        assert "repl-connect editor emacs --snippet use-package|package-vc|" in done.err
        assert "--install" not in done.err

    def test_costs_little_where_a_configuration_asks_for_it(self) -> None:
        code = (
            "import sys; from repl_connect.cli import main_exit; "
            "main_exit(['editor', 'emacs']); print(*sys.modules)"
        )
        done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = {module.partition(".")[0] for module in done.stdout.split()}
        assert not loaded & {"asyncio", "dataclasses", "prompt_toolkit", "pygments", "pynvim"}


class TestInstalling:
    @pytest.mark.parametrize("what", ["--install", "--uninstall"])
    def test_is_left_to_emacs_and_it_is_said_how(self, what: str) -> None:
        done = editor_emacs(what)
        assert (done.code, done.out) == (2, "")
        assert "--snippet load-path" in done.err
        assert f"package-install-file RET {PACKAGE}/ RET" in done.err
        assert done.err.count("\n") == 2


class TestSnippets:
    def test_there_is_one_for_each_way_to_load_a_package(self) -> None:
        assert tuple(EDITORS["emacs"].snippets) == SNIPPETS

    def test_one_of_another_editor(self) -> None:
        done = editor_emacs("--snippet", "lazy")
        assert (done.code, done.out) == (2, "")
        assert f"for emacs choose from {', '.join(SNIPPETS)}" in done.err

    @needs_emacs
    def test_load_path(self, home: Isolated) -> None:
        config = snippet("load-path")
        assert printed(home, which_of("#'commandp"), config=config) == all_of_them()

    @needs_emacs
    @pytest.mark.parametrize("name", MANAGERS)
    @pytest.mark.parametrize("path", [str(PACKAGE), """/a "quoted" \\ it's/editors/emacs"""])
    def test_a_manager_gets_the_path_and_the_name(
        self, home: Isolated, name: str, path: str
    ) -> None:
        assert EDITORS["emacs"].snippets[name].lines(str(PACKAGE)) + "\n" == snippet(name)
        lines = EDITORS["emacs"].snippets[name].lines(path)
        manager, expected = MANAGERS[name]
        shown = '(json-encode (mapcar (lambda (it) (format "%s" it)) given))'
        given = json.loads(
            printed(home, shown, config=f"(require 'json) (defvar given nil) {manager}\n{lines}")
        )
        checkout = str(PACKAGE.parents[1])
        if path != str(PACKAGE):
            checkout = "https://example.org/repl-connect.git"
            assert lines.startswith(";; Put the URL") == (name == "package-vc")
        assert given == [{"PATH": path, "CHECKOUT": checkout}.get(it, it) for it in expected]


@needs_emacs
class TestFromTheWheel:
    def plugin(self, environment: Environment) -> Path:
        done = run([environment.command, "editor", "emacs"], stdout=PIPE, text=True, check=True)
        return Path(done.stdout.rstrip("\n"))

    def test_the_path_has_the_package_and_nothing_compiled(self, environment: Environment) -> None:
        plugin = self.plugin(environment)
        assert plugin.is_relative_to(environment.path)
        names = {path.name for path in PACKAGE.iterdir() if path.suffix in (".el", ".md")}
        assert {path.name for path in plugin.iterdir()} == names

    def test_the_snippets_lines_load_it_and_it_finds_its_command(
        self, environment: Environment, tmp_path: Path
    ) -> None:
        home = Isolated(tmp_path, command=False)
        done = run(
            [environment.command, "editor", "emacs", "--snippet", "load-path"],
            stdout=PIPE,
            text=True,
            check=True,
        )
        value = '(format "%s" (repl-connect-command))'
        assert printed(home, value, config=done.stdout) == f"({environment.command})"

    def test_emacs_installs_the_directory(self, environment: Environment, home: Isolated) -> None:
        plugin = self.plugin(environment)
        config = f'(require \'package) (package-initialize) (package-install-file "{plugin}/")'
        said = '(with-current-buffer "*Compile-Log*" (buffer-string))'
        compiling = printed(home, said, config=config)
        assert "Warning" not in compiling, compiling
        (installed,) = (home.directory / "home/.emacs.d/elpa").glob("repl-connect-*")
        compiled = {path.stem for path in installed.glob("*.elc")}
        assert compiled == {path.stem for path in plugin.glob("*.el")}

        started = "(package-initialize)"
        autoloads = which_of("(lambda (name) (autoloadp (symbol-function name)))")
        assert printed(home, autoloads, config=started) == all_of_them()
        loaded = f"{started} (autoload-do-load (symbol-function 'repl-connect-local))"
        assert printed(home, "(documentation 'repl-connect-local)", config=loaded).strip()
        found = '(mapconcat #\'identity (repl-connect-command) " ")'
        command = str(Path(sys.executable).with_name("repl-connect"))
        assert printed(home, found, config=loaded) == command

    def test_links_to_its_files_as_straight_makes_them_are_followed(
        self, environment: Environment, tmp_path: Path
    ) -> None:
        home = Isolated(tmp_path, command=False)
        build = tmp_path / "straight/build/repl-connect"
        build.mkdir(parents=True)
        for path in self.plugin(environment).glob("*.el"):
            (build / path.name).symlink_to(path)
        compiling = f'(byte-recompile-directory "{build}" 0)'
        assert printed(home, '""', config=f'(add-to-list \'load-path "{build}") {compiling}') == ""
        assert (build / "repl-connect.elc").is_file()
        config = f"(add-to-list 'load-path \"{build}\") (require 'repl-connect)"
        value = '(format "%s" (repl-connect-command))'
        assert printed(home, value, config=config) == f"({environment.command})"
