"""How the code is laid out: names, sizes, public names, and languages as data."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from laws.sources import CLIENT, ROOT, SERVER, modules, tree

LONGEST = 500
LANGUAGES = {
    *("babashka", "basilisp", "chicken", "clojure", "guile", "hy", "janet", "lisp", "node"),
    *("javascript", "python", "racket", "ruby", "sbcl", "scheme"),
}
GRAB_BAGS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


EVERY = pytest.mark.parametrize("path", modules(), ids=name)


@EVERY
def test_a_module_can_be_read_in_a_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_so_can_the_tests() -> None:
    files = (ROOT / "tests").rglob("*.py")
    long = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: lines for path, lines in long.items() if lines > LONGEST} == {}


@EVERY
def test_a_module_is_named_for_what_it_does(path: Path) -> None:
    assert path.stem not in GRAB_BAGS
    assert path.parent.name not in GRAB_BAGS


def defined(path: Path) -> set[str]:
    """The public names a module defines at its top level."""
    found: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {each for each in found if not each.startswith("_")}


def listed(path: Path) -> list[str] | None:
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            value: list[str] = ast.literal_eval(node.value)
            return value
    return None


@EVERY
def test_public_names_are_listed(path: Path) -> None:
    """`__all__` holds what the module defines, and what it passes on."""
    if path.name == "__main__.py":
        return
    names = listed(path)
    if names is None:
        assert path.name == "__init__.py", "no __all__"
        assert not defined(path)
        return
    assert names == sorted(names, key=sort_key)
    assert len(names) == len(set(names))
    missing = defined(path) - set(names) - {"TYPE_CHECKING"}
    assert not missing
    module = importlib.import_module(dotted(path))
    for each in names:
        assert hasattr(module, each), each


def sort_key(each: str) -> tuple[int, str]:
    """Constants, classes, functions: as the linter sorts them."""
    return (0 if each.isupper() else 1 if each[:1].isupper() else 2, each)


def dotted(path: Path) -> str:
    package = path.relative_to(SERVER.parent if path.is_relative_to(SERVER) else CLIENT.parent)
    return ".".join(package.with_suffix("").parts).removesuffix(".__init__")


def compared_with_a_language(path: Path) -> list[int]:
    """The lines that compare something with a language's name."""
    lines = []
    for node in ast.walk(tree(path)):
        texts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                texts += side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
        elif isinstance(node, ast.MatchValue):
            texts = [node.value]
        if any(isinstance(each, ast.Constant) and each.value in LANGUAGES for each in texts):
            lines.append(texts[0].lineno)
    return lines


@pytest.mark.parametrize("path", modules(CLIENT), ids=name)
def test_no_code_asks_which_language_it_is(path: Path) -> None:
    if CLIENT / "languages" in path.parents or CLIENT / "adapters" in path.parents:
        return
    assert compared_with_a_language(path) == []


def test_that_law_sees_what_it_forbids(tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    source.write_text(
        "if language == 'guile': pass\n"
        "if 'python' != language: pass\n"
        "if language in ('clojure', 'hy'): pass\n"
        "match language:\n    case 'sbcl': pass\n"
        "x = 'guile'\n"
    )
    assert compared_with_a_language(source) == [1, 2, 3, 5]
