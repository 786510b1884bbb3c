"""A client that only enters things: `python history_writer.py PATH NAME COUNT [SIZE]`.

Each seventh entry has several lines, each fiftieth more bytes than a pipe's buffer.
"""

from __future__ import annotations

import sys

from repl_connect.prompt.history.entries import EntryHistory

__all__ = ["entry"]


def entry(name: str, number: int) -> str:
    """What the writer of this name enters at this turn."""
    text = f"{name} {number}"
    if number % 7 == 0:
        text += "\n\n  two\n+three\n# in four\n"
    if number % 50 == 0:
        text += f"\n{name * 30_000}\n{name * 60_000}"
    return text


def main() -> None:
    path, name, count, *rest = sys.argv[1:]
    size = int(rest[0]) if rest else 10_000
    problems: list[str] = []
    history = EntryHistory(path, problems.append, project=f"/{name}", size=size)
    list(history.load_history_strings())
    print("ready", flush=True)
    for number in range(int(count)):
        history.append_string(entry(name, number))
    print(*problems, flush=True)


if __name__ == "__main__":
    main()
