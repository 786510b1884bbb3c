"""What a document shows: its blocks of code, its links, what it has in backticks. No I/O.

Documents are Markdown, or Neovim's help (`*.txt`), where a block follows a `>` at a line's end.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, NamedTuple

__all__ = ["Block", "Link", "Step", "anchors_of", "blocks_of", "links_of", "spans_of"]

_FENCE: Final = re.compile(r"^(\s*)```\s*(\S*)\s*$")
_HEADING: Final = re.compile(r"^#{1,6} +(.*?)\s*$")
_HELP_HEADING: Final = re.compile(r"^\d+\. +(.*?)(?: +\*[^*]+\*)?$")
_LINK: Final = re.compile(r"(!?)\[((?:[^]\[]|\[[^]]*\])*)\]\(([^)\s]+)\)")
_SPAN: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_COMMAND: Final = "$ "


class Step(NamedTuple):
    """A command line, and the lines that are shown below it."""

    command: str
    output: tuple[str, ...]


class Block(NamedTuple):
    """A block of code.

    `section` is the heading above it, as an anchor; `number` counts the blocks of a section from 1,
    `line` those of the document. `language` is what stands behind the fence; empty where there is
    none, and for a block that is indented instead.
    """

    document: str
    section: str
    number: int
    line: int
    language: str
    text: str

    @property
    def key(self) -> str:
        """What tests call it: `README.md#start`, the second of a section `README.md#start (2)`."""
        more = f" ({self.number})" if self.number > 1 else ""
        return f"{self.document}#{self.section}{more}"

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    @property
    def steps(self) -> list[Step]:
        """The commands behind `$ `, each with what is shown below; without `$ `, every line."""
        if not any(line.startswith(_COMMAND) for line in self.lines):
            return [Step(line, ()) for line in self.lines if line.strip()]
        steps: list[Step] = []
        for line in self.lines:
            if line.startswith(_COMMAND):
                steps.append(Step(line.removeprefix(_COMMAND), ()))
            else:
                command, output = steps.pop()
                steps.append(Step(command, (*output, line)))
        return steps


class Link(NamedTuple):
    """A link or a picture (`target` is a path, an `#anchor` or both, or a URL)."""

    line: int
    text: str
    target: str


def blocks_of(document: str, text: str) -> list[Block]:
    """All blocks of code of a document, in order; `document` is its name."""
    found = _help_blocks(text) if document.endswith(".txt") else _markdown_blocks(text)
    counted: Counter[str] = Counter()
    blocks = []
    for section, line, language, code in found:
        counted[section] += 1
        blocks.append(Block(document, section, counted[section], line, language, code))
    return blocks


def _markdown_blocks(text: str) -> list[tuple[str, int, str, str]]:
    """Section, line, language and text of each block, fenced or indented by four blanks."""
    blocks: list[tuple[str, int, str, str]] = []
    section, language, begun = "", "", 0
    code: list[str] | None = None
    in_list, after_blank = False, True
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if code is not None and begun:  # within a fence
            if fence:
                blocks.append((section, begun, language, "\n".join(code)))
                code, begun = None, 0
            else:
                code.append(line)
            continue
        if code is not None:  # within an indented block
            if line.startswith("    ") or not line.strip():
                code.append(line[4:])
                continue
            section_, begun_, _, _ = blocks.pop()
            blocks.append((section_, begun_, "", "\n".join(code).rstrip()))
            code = None
        if fence:
            code, begun, language = [], number, fence[2]
        elif heading := _HEADING.match(line):
            section, in_list = _slug(heading[1]), False
        elif re.match(r"\s*(?:[-*]|\d+\.) ", line):
            in_list = True
        elif line.startswith("    ") and after_blank and not in_list:
            code = [line[4:]]
            blocks.append((section, number, "", ""))
        elif line.strip() and not line.startswith(" "):
            in_list = False
        after_blank = not line.strip()
    if code is not None:
        raise ValueError(f"the block that begins in line {begun or number} has no end")
    return blocks


def _help_blocks(text: str) -> list[tuple[str, int, str, str]]:
    """The same of Neovim's help: from a `>` at a line's end to what is not indented."""
    blocks: list[tuple[str, int, str, str]] = []
    section = ""
    code: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if code is not None:
            if not line.strip() or line.startswith("    "):
                code.append(line[4:])
                continue
            *above, _ = blocks.pop()
            blocks.append((*above, "\n".join(code).strip("\n")))  # type: ignore[arg-type]
            code = None
        if heading := _HELP_HEADING.match(line):
            section = _slug(heading[1])
        elif line == ">" or line.endswith(" >"):
            code = []
            blocks.append((section, number, "vim", ""))
    return blocks


def anchors_of(text: str) -> set[str]:
    """The anchors of a Markdown document's headings, as GitHub makes them."""
    counted: Counter[str] = Counter()
    anchors = set()
    for line in _prose(text):
        if heading := _HEADING.match(line):
            slug = _slug(heading[1])
            anchors.add(f"{slug}-{counted[slug]}" if counted[slug] else slug)
            counted[slug] += 1
    return anchors


def links_of(text: str) -> list[Link]:
    """The links and pictures of a Markdown document."""
    return [
        Link(number, found[2], found[3])
        for number, line in enumerate(_prose(text), 1)
        for found in _LINK.finditer(_SPAN.sub("", line))
    ]


def spans_of(text: str) -> list[tuple[int, str]]:
    """Line and text of all that a Markdown document has in backticks, broken lines joined."""
    prose = "\n".join(_prose(text))
    return [
        (prose.count("\n", 0, found.start()) + 1, " ".join(found[1].split()).replace("\\|", "|"))
        for found in _SPAN.finditer(prose)
        if "\n\n" not in found[1]
    ]


def _prose(text: str) -> list[str]:
    """The lines, those of blocks left empty."""
    lines, fenced = [], False
    for line in text.splitlines():
        fence = bool(_FENCE.match(line))
        lines.append("" if fenced or fence else line)
        fenced ^= fence
    return lines


def _slug(heading: str) -> str:
    """A heading's anchor."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")
