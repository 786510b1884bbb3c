"""Emacs has a reader of its own: it takes bytes as ours does, those that make no sense too."""

from __future__ import annotations

import base64
import random
import subprocess
from pathlib import Path

import pytest
from abuse.target import pieces
from emacs.isolated import EMACS, PACKAGE
from proofs import Prove
from wire.messages import SAMPLES, STREAM, decode_chunks

from repl_server.wire import Limits, encode

READER = Path(__file__).with_name("emacs-reader.el")
STREAMS = 4_000
FILLINGS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\n",
    b"9" * 13,
    b"\x1b[",
    b"e",
    b"d",
    b"l",
    b"i0e",
    b"1:",
    b"-",
)


def damaged(chance: random.Random) -> bytes:
    """Some messages, with a few bytes changed, lost or put in."""
    messages = [encode(chance.choice(SAMPLES)) for _ in range(chance.randint(1, 3))]
    data = b"".join(messages) if chance.random() < 0.9 else STREAM
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        at = chance.randint(0, len(data))
        put = chance.choice(FILLINGS) if chance.random() < 0.7 else chance.randbytes(4)
        data = data[:at] + put + data[at + chance.choice((0, 0, 1, 3)) :]
    return data


def test_emacs_reads_and_refuses_what_we_do(tmp_path: Path, proof: Prove) -> None:
    if EMACS is None:
        pytest.skip("emacs is not installed")
    chance = random.Random(20261122)
    streams = [damaged(chance) for _ in range(STREAMS)]
    cut = [pieces(stream) for stream in streams]
    file = tmp_path / "streams"
    file.write_text(
        "".join(" ".join(base64.b64encode(piece).decode() for piece in each) + "\n" for each in cut)
    )
    ended = subprocess.run(
        [EMACS, "--batch", "-Q", "-L", str(PACKAGE), "-l", str(READER), str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answers = ended.stdout.splitlines()
    assert len(answers) == STREAMS
    refused = 0
    for stream, each, answer in zip(streams, cut, answers, strict=True):
        found, end = decode_chunks(each, Limits(depth=100, digits=40))
        word = "read" if end in ("between", "within") else "refused"
        refused += word == "refused"
        expected = base64.b64encode(b"".join(map(encode, found))).decode()
        assert answer == f"{word} {expected}", stream
    assert STREAMS // 4 < refused < STREAMS
    proof(
        "streams of messages with bytes changed, lost or put in, and cut anywhere",
        "Emacs's reader",
        "the same messages as ours reads, and refused where ours refuses",
        STREAMS,
    )
