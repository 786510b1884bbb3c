"""`repl-connect` and `python -m repl_connect`."""

from __future__ import annotations

import sys

from repl_connect.cli import main_exit

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(int(main_exit(sys.argv[1:])))


if __name__ == "__main__":
    main()
