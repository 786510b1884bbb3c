"""Pythons that write down what they are given to run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from server.running import environment

__all__ = ["Counting"]

_PROGRAM = Path(__file__).with_name("counting.py")


class Counting:
    """A Python that writes down what it ran: `counting.py`."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.ran = address.with_suffix(".ran")
        self.process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), self.address, str(self.ran)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def wait_until_up(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "listening\n"

    def items(self) -> list[str]:
        """What it was given to run, in order."""
        return self.ran.read_text().splitlines()

    def stop(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
