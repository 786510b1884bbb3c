"""The prompt on a socket given as an argument, for tests: `python toy_client.py PATH`."""

from __future__ import annotations

import socket
import sys

from repl_connect import prompt
from repl_connect.channel import WireChannel
from repl_connect.errors import ConnectError, ReplConnectError
from repl_connect.link import Link


def main() -> int:
    path = sys.argv[1]

    def connect(_resume: str | None) -> Link:
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(path)
        except OSError as error:
            raise ConnectError(f"{path}: {error.strerror}.") from None
        return Link(stream, WireChannel(), name=path, greeting="Toy 1.0")

    prompt._NEAR = 10.0  # type: ignore[misc]  # also where much else runs
    try:
        return prompt.run_prompt_over(connect, name=path)
    except ReplConnectError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
