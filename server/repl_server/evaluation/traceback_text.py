"""An exception as text and as parts, without this server's own frames, whatever it is."""

from __future__ import annotations

import os
from types import TracebackType

from repl_server.evaluation.interrupt import Interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["describe_exception", "trimmed"]

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FRAMES = 100


def describe_exception(error: BaseException, *, source: str = "", file: str = "") -> dict[str, Any]:
    """The keyword arguments of `Evaluation.error` for an exception.

    `source` and `file` are what was evaluated; a syntax error found late gets its line from there.
    """
    try:
        _complete(error, source, file)
        message = _message(error)  # first: an interrupt in here must not be taken for its failure
        traceback = trimmed(error.__traceback__)
        name = _name(type(error))
        return {
            "text": _text(error, traceback, name),
            "ex": name,
            "message": message,
            "frames": _frames(traceback),
            "repl-server/hidden-frames": _hidden(error.__traceback__, traceback),
        }
    except Exception as other:
        name = type.__dict__["__name__"].__get__(type(error))
        return {
            "text": f"{name}: this error can't be shown: {type(other).__name__}\n",
            "ex": name,
            "message": "",
        }


def trimmed(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame on that is not this server's."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OWN):
        traceback = traceback.tb_next
    return traceback


def _hidden(whole: TracebackType | None, shown: TracebackType | None) -> int:
    """How many frames of this server's own are not shown."""
    count = 0
    while whole is not None and whole is not shown:
        count += 1
        whole = whole.tb_next
    return count


def _text(error: BaseException, traceback: TracebackType | None, name: str) -> str:
    import traceback as formatting

    if isinstance(error, SystemExit):
        code = error.code
        said = "" if code is None else f" with {code!r}"
        return f"SystemExit: exit was called{said}; the program goes on.\n"
    try:
        shown = formatting.TracebackException(type(error), error, traceback, compact=True)
        return "".join(shown.format())
    except Exception as other:
        lines = formatting.format_tb(traceback)
        return "".join(lines) + f"{name}: this error can't be shown: {type(other).__name__}\n"


def _name(kind: type) -> str:
    module = kind.__module__
    if module in ("builtins", "__main__") or not isinstance(module, str):
        return kind.__qualname__
    return f"{module}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Interrupt:
        raise
    except BaseException:
        return "<its text can't be made>"


def _frames(traceback: TracebackType | None) -> list[dict[str, object]]:
    """Where it happened, innermost last; of very many the first ones and the last ones."""
    frames: list[dict[str, object]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        line = traceback.tb_lineno or code.co_firstlineno
        frames.append({"name": code.co_qualname, "file": code.co_filename, "line": line})
        traceback = traceback.tb_next
    if len(frames) > _FRAMES:
        del frames[20 : len(frames) - _FRAMES + 20]
    return frames


def _complete(error: BaseException, source: str, file: str) -> None:
    """The compiler's second pass says where, and not what is written there."""
    if (
        isinstance(error, SyntaxError)
        and error.text is None
        and file
        and error.filename == file
        and error.lineno is not None
    ):
        lines = source.splitlines(keepends=True)
        if 0 < error.lineno <= len(lines):
            error.text = lines[error.lineno - 1]
