"""An editor, as data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from repl_connect.errors import UsageError

__all__ = ["ByLink", "Editor", "Snippet"]


class Snippet(NamedTuple):
    """Lines that load the plugin. `place` says where they go, `lines` makes them from its path."""

    place: str
    lines: Callable[[str], str]


class ByLink(NamedTuple):
    """How a plugin is installed by a link.

    `path` is where the editor looks for it, `first` what to do there first. `missing` is given the
    plugin's path, and says what it lacks in this installation and how to get it. `help` is the
    plugin's directory of help files that need an index, if it has one.
    """

    path: Callable[[], str]
    missing: Callable[[str], str | None]
    first: str
    help: str = ""


class Editor(NamedTuple):
    """An editor that has a plugin.

    `name` is what it is called on the command line and its plugin's directory, `title` what people
    call it. `snippets` has a way to load the plugin for each kind of package manager. `by_link` is
    for an editor that finds a plugin by itself, through a link. For one that does not, `by_hand`
    says how it is installed, with `{plugin}` for its path.
    """

    name: str
    title: str
    snippets: Mapping[str, Snippet]
    by_link: ByLink | None = None
    by_hand: str = ""

    def plugin(self) -> str:
        """The absolute path of the plugin's directory, of this very installation.

        In a wheel it is beside this module, in a checkout (editable or not) it is `editors/NAME`.
        Raises `UsageError` if the installation has none.
        """
        here = os.path.dirname(os.path.realpath(__file__))
        checkout = os.path.join(here, *[os.pardir] * 3, "editors")
        for directory in (here, checkout):
            path = os.path.normpath(os.path.join(directory, self.name))
            if os.path.isdir(path):
                return path
        raise UsageError(
            f"This installation has no plugin for {self.title}: {os.path.join(here, self.name)} "
            "is missing. Install repl-connect anew."
        )
