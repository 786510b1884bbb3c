"""Nothing in the documents is left out, and what they name is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from documents.reading import anchors_of, links_of, spans_of
from documents.showing import DOCUMENTS, NOT_RUN, ROOT, all_blocks, text_of

from repl_connect.cli import COMMANDS, command_named
from repl_connect.cli.command import parser_of
from repl_connect.prompt.commands.table import COMMANDS as PROMPT_COMMANDS

MARKDOWN: Final = [name for name in DOCUMENTS if name.endswith(".md")]
LANGUAGES: Final = {"console", "elisp", "python", "scheme", "sh", "text", "toml", "vim"}
OTHER_FILES: Final = {".nrepl-port", "~/.slime-secret", "prompt/commands"}


def _shown() -> Iterator[str]:
    """The keys that tests say by `@shows`."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "shows":
                yield from map(ast.literal_eval, node.args)


def test_every_block_is_run_once_or_it_is_said_why_not() -> None:
    keys = [*_shown(), *NOT_RUN]
    assert sorted(keys) == sorted(all_blocks())


def test_python_that_is_not_run_is_python() -> None:
    for key in NOT_RUN:
        if all_blocks()[key].language == "python":
            ast.parse(all_blocks()[key].text)


def test_every_block_says_what_it_is_in() -> None:
    assert {
        each.key: each.language for each in all_blocks().values() if each.language not in LANGUAGES
    } == {}


@pytest.mark.parametrize("document", MARKDOWN)
def test_links_lead_somewhere(document: str) -> None:
    here = ROOT / document
    for link in links_of(text_of(document)):
        if re.match(r"https?://", link.target):
            continue
        path, _, anchor = link.target.partition("#")
        target = (here.parent / path).resolve() if path else here
        assert target.exists(), (document, link)
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), (document, link)


def _spans() -> Iterator[tuple[str, int, str]]:
    for document in DOCUMENTS:
        for line, text in spans_of(text_of(document)):
            yield document, line, text


def _options(name: str) -> set[str]:
    return set(
        re.findall(r"--[a-z][\w-]*|(?<=\s)-[a-z]\b", parser_of(command_named(name)).format_help())
    )


def test_commands_and_options_are_there() -> None:
    """Of all that is in backticks and of all command lines."""
    lines = [(document, line, text) for document, line, text in _spans()]
    lines += [
        (each.document, each.line, line) for each in all_blocks().values() for line in each.lines
    ]
    seen = 0
    for *where, text in lines:
        found = re.search(r"(?<![\w./'-])repl-connect +(.*)", text.partition("  #")[0])
        if found is None:
            continue
        words = found[1].split()
        name = words[0] if words[0] in COMMANDS else ""
        if not name and words[0].isalpha() and words[0] not in ("COMMAND",):
            pytest.fail(f"{where}: there is no command {words[0]}: {text}")
        seen += 1
        for option in re.findall(r"(?<=\s)--[a-z][\w-]*", " " + found[1]):
            assert option in _options(name) | {"--help"}, (where, text)
    assert seen > 80


def test_options_that_are_named_alone_are_there() -> None:
    known = set().union(*(_options(name) for name in ("", *COMMANDS) if name != "nvim-host"))
    for *where, text in _spans():
        for option in re.findall(r"^--[a-z][\w-]*", text):
            assert option in known, (where, text)


def test_commands_of_the_prompt_are_there() -> None:
    known = {name for each in PROMPT_COMMANDS for name in each.all_names}
    theirs = {"bt", "m", "trace", "describe", "option", "q"}  # Guile's own
    for *where, text in _spans():
        if found := re.match(r",([a-z]+)\b", text):
            assert found[1] in known | theirs, (where, text)


def test_variables_are_there() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for root in ("client/repl_connect", "server/repl_server", "editors")
        for pattern in ("*.py", "*.el", "*.lua", "*.pth")
        for path in (ROOT / root).rglob(pattern)
    )
    for document in DOCUMENTS:
        for name in re.findall(r"\bREPL_(?:CONNECT|SERVER)[A-Z_]*", text_of(document)):
            stem = name.partition("__")[0]  # a setting's section and name are behind that
            assert re.search(rf"\b{stem}\b|\b{stem}_", sources), (document, name)


def test_files_are_there() -> None:
    """Paths of the checkout: what has a `/` and a known beginning, or is an example."""
    for document, line, text in _spans():
        for word in text.split():
            if re.match(r"(?:client|server|editors|tests)/[\w/.-]+$", word):
                assert (ROOT / word).exists(), (document, line, word)
            elif re.fullmatch(r"[\w/]+\.py", word) and document == "server/README.md":
                places = [ROOT / "server/examples" / word, ROOT / "server" / word, ROOT / word]
                assert word == "script.py" or any(map(Path.exists, places)), (line, word)
