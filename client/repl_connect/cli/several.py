"""Commands that take several targets: what the words of the command line lead to."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from repl_connect.address import SshAddress
from repl_connect.escapes import visible
from repl_connect.targets import Target, group_problems, targets_of

__all__ = ["prepared", "several_targets"]


def several_targets(words: Sequence[str]) -> list[Target]:
    """What these addresses, partners and groups lead to, `prepared`. Raises `AddressError`."""
    return prepared(targets_of(words), words)


def prepared(targets: list[Target], words: Sequence[str]) -> list[Target]:
    """The targets, which are about to be connected to side by side.

    Mistakes in the configuration that may have to do with the words are said on standard error. If
    there are several, ssh asks for no passwords from here on: they would be mixed up.
    """
    for problem in group_problems(words):
        print(f"repl-connect: {visible(problem)}", file=sys.stderr)
    if len(targets) > 1 and any(isinstance(target.address, SshAddress) for target in targets):
        from repl_connect.ssh import ask_nobody

        ask_nobody()
    return targets
