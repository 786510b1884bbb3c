"""What goes into a wheel beside the packages: the editors' plugins, Neovim's with its help tags."""

from __future__ import annotations

import os
from runpy import run_path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EditorPlugins(BuildHookInterface):  # type: ignore[type-arg]
    """The tags are made here, since what is installed may be read-only.

    An editable installation uses the plugins where they are in the checkout, and has no copy.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a build; `version` is "editable" or "standard"."""
        nvim = os.path.join(self.root, "editors", "nvim")
        tags = run_path(os.path.join(self.root, "client/repl_connect/editors/help_tags.py"))
        tags["write_help_tags"](os.path.join(nvim, "doc"))
        if version == "editable":
            return
        included = build_data["force_include"]
        included[nvim] = "repl_connect/editors/nvim"
        emacs = os.path.join(self.root, "editors", "emacs")
        for name in os.listdir(emacs):
            if name.endswith(".el") or name == "README.md":  # nothing that Emacs has made of them
                included[os.path.join(emacs, name)] = f"repl_connect/editors/emacs/{name}"
