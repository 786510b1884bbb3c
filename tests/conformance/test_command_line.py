"""Clojure's own command-line client, as Debian has it, drives a Python program over TCP.

It reads Clojure and sends what it has read, so what is typed here is both languages.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest
from client.programs import clojure_class_path
from conformance.peers import Peer, start
from server.running import environment

CONVERSATION = {
    "42": "42\n",
    '"a text"': "'a text'\n",
    '[len("abc")]': "[3]\n",
    "shouts.word": "printed\n'shouted'\n",
    '[print("é😀")]': "é😀\n[None]\n",
    "_": "[None]\n",
    "[7\n]": "[7]\n",
}


class CommandLine:
    """The client, with pipes for a terminal."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        path = str(clojure_class_path())
        nrepl = [jar for jar in path.split(":") if jar.endswith("nrepl.jar")]
        self.process = subprocess.Popen(
            ["clojure", "-m", "nrepl.cmdline", "--connect", "--host", host, "--port", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment()
            | {
                "CLASSPATH": ":".join(nrepl),
                "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8",
            },
        )

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def shown(self, prompt: str = "__main__=> ") -> str:
        """What it shows up to its next prompt."""
        assert self.process.stdout is not None
        shown = b""
        while not shown.endswith(prompt.encode()):
            byte = self.process.stdout.read(1)
            assert byte, f"it ended, and said {shown!r}"
            shown += byte
        return shown.decode().removesuffix(prompt)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def program() -> Iterator[Peer]:
    peer = start("threads", "127.0.0.1:0")
    yield peer
    peer.close()


@pytest.fixture
def repl(program: Peer) -> Iterator[CommandLine]:
    if shutil.which("clojure") is None or clojure_class_path() is None:
        pytest.skip("clojure or its nREPL is not installed")
    repl = CommandLine(program.address)
    yield repl
    repl.close()


def test_it_evaluates_prints_fails_is_interrupted_and_leaves(
    repl: CommandLine, program: Peer
) -> None:
    assert "nREPL 1.0" in repl.shown("user=> ")
    repl.type("1")
    assert repl.shown() == "1\n"  # the prompt has our namespace from here on
    for typed, shown in CONVERSATION.items():
        repl.type(typed)
        assert repl.shown() == shown, typed

    repl.type("unknown-name")
    assert repl.shown().endswith("NameError: name 'unknown' is not defined\n")
    repl.type("[1 2]")
    assert "SyntaxError: invalid syntax. Perhaps you forgot a comma?\n" in repl.shown()

    repl.type("[spin()]")
    assert program.process.stdout is not None
    assert program.process.stdout.readline() == "spinning\n"
    repl.interrupt()
    assert repl.shown() == ""
    repl.type("7")
    assert repl.shown() == "7\n"

    repl.interrupt()  # with nothing running it leaves
    assert repl.process.wait() == os.EX_OK
