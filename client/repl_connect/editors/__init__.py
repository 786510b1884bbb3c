"""The editors there is a plugin for: where it is, what loads it, installing it.

An editor is one record (`Editor`); a new one is a record in `EDITORS` and its directory of the same
name, `editors/NAME` in a checkout, which the wheel carries beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from repl_connect.editors.editor import Editor
from repl_connect.editors.emacs import EMACS
from repl_connect.editors.neovim import NEOVIM

__all__ = ["EDITORS"]

EDITORS: Final[Mapping[str, Editor]] = {editor.name: editor for editor in (NEOVIM, EMACS)}
"""By the name on the command line."""
