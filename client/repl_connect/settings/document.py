"""The options as a table for the documents."""

from __future__ import annotations

from repl_connect.settings.option import toml_text
from repl_connect.settings.options import SECTIONS

__all__ = ["option_table"]


def option_table() -> str:
    """All options in Markdown, a heading and a table for each section of the file."""
    lines: list[str] = []
    for name, section in SECTIONS.items():
        title = (section.__doc__ or "").splitlines()[0]
        lines += [f"### [{name}]", "", title, "", "| Option | Default | |", "| --- | --- | --- |"]
        for option in section.options():
            words = option.doc
            if option.choices:
                words = f"{', '.join(f'`{each}`' for each in option.choices)}: {words}"
            key = option.name.partition(".")[2]
            default = toml_text(option.default)
            cell = words.replace("|", "\\|")
            lines.append(f"| `{key}` | `{default}` | {cell} |")
        lines.append("")
    return "\n".join(lines)
