"""Emacs: what its package managers want to be told."""

from __future__ import annotations

import os
from typing import Final

from repl_connect.editors.editor import Editor, Snippet

__all__ = ["EMACS"]


def _load_path(path: str) -> str:
    return f"(add-to-list 'load-path {_lisp(path)})\n(require 'repl-connect)"


def _use_package(path: str) -> str:
    return f"(use-package repl-connect\n  :load-path {_lisp(path)})"


def _package_vc(path: str) -> str:
    """It clones a repository: a checkout's own, of which what is committed is installed."""
    checkout = os.path.dirname(os.path.dirname(path))
    known = os.path.exists(os.path.join(checkout, ".git"))
    url = checkout if known else "https://example.org/repl-connect.git"
    return (
        ("" if known else ";; Put the URL of the repository in the place of this one.\n")
        + "(unless (package-installed-p 'repl-connect)\n"
        f"  (package-vc-install '(repl-connect :url {_lisp(url)}\n"
        '                                     :lisp-dir "editors/emacs")))'
    )


def _straight(path: str) -> str:
    return (
        "(straight-use-package\n"
        f' \'(repl-connect :type nil :local-repo {_lisp(path)} :files ("*.el")))'
    )


def _lisp(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


EMACS: Final = Editor(
    name="emacs",
    title="Emacs",
    snippets={
        "use-package": Snippet("in your init file", _use_package),
        "package-vc": Snippet(
            "in your init file; for Emacs 29.1 and newer, which clones the repository", _package_vc
        ),
        "straight": Snippet("in your init file, after straight's own lines", _straight),
        "load-path": Snippet("in your init file", _load_path),
    },
    by_hand="Emacs finds no package through a link. Put what `repl-connect editor emacs --snippet "
    "load-path` prints into your init file,\n"
    "or have the files copied, in Emacs: M-x package-install-file RET {plugin}/ RET",
)
