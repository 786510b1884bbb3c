"""Schemes that are upgraded by one form, each by a bootstrap in its own dialect.

All of them send `need` and read one procedure of the frame's marker, which serves the connection.
To add one: its directory in `bootstrap`, with `launch.scm` and `serve.scm`, and a class of data.
"""

from __future__ import annotations

from typing import ClassVar

from repl_connect.adapters.upgraded import UpgradedAdapter, bootstrap_source, one_line

__all__ = ["SchemeAdapter"]


class SchemeAdapter(UpgradedAdapter):
    """A Scheme's REPL; `directory` is where its bootstrap is."""

    language = "scheme"
    directory: ClassVar[str]

    def _launch(self) -> bytes:
        form = one_line(bootstrap_source(f"{self.directory}/launch.scm"))
        return f"{form.replace('NONCE', self.nonce)}\n".encode()

    def _bootstrap(self) -> bytes:
        return f"{bootstrap_source(f'{self.directory}/serve.scm')}\n".encode()
