"""The project's own modules, as files and as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["CLIENT", "ROOT", "SERVER", "imports", "modules", "tree"]

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "repl_server"
CLIENT = ROOT / "client" / "repl_connect"


def modules(*places: Path) -> list[Path]:
    """The Python files in these directories and files, of both packages if none is named."""
    found: list[Path] = []
    for place in places or (SERVER, CLIENT):
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert found, places
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """The dotted names of all modules imported anywhere in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
