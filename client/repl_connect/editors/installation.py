"""The link by which an editor finds our plugin: made, and removed again.

Nothing is touched that is not such a link. One that leads to the plugin of another installation, or
of one that is gone, is ours too.
"""

from __future__ import annotations

import os
from typing import NoReturn

from repl_connect.editors.editor import Editor
from repl_connect.errors import UsageError

__all__ = ["install", "uninstall"]


def install(editor: Editor) -> str:
    """Make the link: what was done, in words. Raises `UsageError` if it can't be made."""
    plugin, link = editor.plugin(), _link(editor)
    before = _target(editor, link)
    if before == plugin:
        return f"It is installed already: {link} leads to {plugin}."
    try:
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if before is None:
            os.symlink(plugin, link)
            return f"Installed: {link} leads to {plugin}."
        beside = f"{link}.{os.getpid()}"
        os.symlink(plugin, beside)
        os.replace(beside, link)  # an editor that starts meanwhile finds one or the other
    except OSError as error:
        _failed(error, f"{link} can't be made")
    return f"Installed: {link} leads to {plugin}, no longer to {before}."


def uninstall(editor: Editor) -> str:
    """Remove the link: what was done, in words. Raises `UsageError` if it can't be removed."""
    link = _link(editor)
    before = _target(editor, link)
    if before is None:
        return f"Nothing to remove: there is no {link}."
    try:
        os.unlink(link)
    except OSError as error:
        _failed(error, f"{link} can't be removed")
    directory = os.path.dirname(link)
    for _ in range(2):  # the two directories that were made for it
        try:
            os.rmdir(directory)
        except OSError:  # there is something else in it
            break
        directory = os.path.dirname(directory)
    return f"Removed: {link}, which led to {before}."


def _link(editor: Editor) -> str:
    if editor.by_link is None:
        raise UsageError(editor.by_hand.format(plugin=editor.plugin()))
    return editor.by_link.path()


def _target(editor: Editor, link: str) -> str | None:
    """Where our link leads; None if nothing is there. Raises `UsageError` for what is not ours."""
    if not os.path.lexists(link):
        return None
    if os.path.islink(link):
        target = os.readlink(link)
        if os.path.normpath(target).endswith(os.path.join(os.sep, "editors", editor.name)):
            return target
        raise UsageError(
            f"{link} leads to {target}, which is no plugin of repl-connect. "
            "Nothing was changed; move it away first."
        )
    raise UsageError(
        f"{link} is no link, so it was not made by repl-connect. "
        "Nothing was changed; move it away first."
    )


def _failed(error: OSError, what: str) -> NoReturn:
    raise UsageError(f"{what}: {error.strerror} ({error.filename}).") from None
