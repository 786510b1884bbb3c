"""A job's id as the command line has it: where the job is, a colon, and its id there.

    @sim:3f2a1c-4   /home/ada/app.sock:3f2a1c-4   localhost:7888:3f2a1c-4   http://host:4242:G610

It is split at the last colon. A program's own id may hold anything: what is no plain ASCII in it,
and its colons, are percent-encoded.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from repl_connect.address import Address, UnixAddress
from repl_connect.errors import UsageError
from repl_connect.targets import Target, target_of

__all__ = ["JobId", "job_id", "place_of", "whole"]


class JobId(NamedTuple):
    """`place` is what names the target from any directory, `job` the id the job has there."""

    place: str
    job: str

    def __str__(self) -> str:
        from urllib.parse import quote

        return f"{self.place}:{quote(self.job, safe='', errors='surrogateescape')}"

    @property
    def target(self) -> Target:
        """Where it is. Raises `AddressError` for a partner that is no more."""
        return target_of(self.place)


def job_id(text: str) -> JobId:
    """Read an id. Raises `UsageError` for a text that is none."""
    from urllib.parse import unquote

    place, _, job = text.rpartition(":")
    if not place or not job or "/" in job:
        raise UsageError(
            f"{text!r} is no job's id: one looks like @sim:3f2a1c-4, or /run/app.sock:3f2a1c-4. "
            "`repl-connect jobs` lists those there are."
        )
    return JobId(place, unquote(job, errors="surrogateescape"))


def place_of(target: Target) -> str:
    """What names a target from any directory: its partner's name, or its whole address."""
    return target.name if target.partner is not None else str(whole(target.address))


def whole(address: Address) -> Address:
    """The address as it is said from any directory."""
    if isinstance(address, UnixAddress):
        return UnixAddress(os.path.abspath(address.path))
    return address
