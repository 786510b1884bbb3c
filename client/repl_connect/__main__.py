"""`repl-connect` and `python -m repl_connect`."""

from __future__ import annotations

import os
import sys

from repl_connect.cli import main_exit

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its status."""
    status = int(main_exit(sys.argv[1:]))
    if sys.argv[1:2] == ["eval"]:  # everything is written; taking the interpreter apart takes ms
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
