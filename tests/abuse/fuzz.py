"""Fuzz one target for as long as one likes: `python tests/abuse/fuzz.py NAME [--seconds N]`.

atheris (libFuzzer with Python's coverage) leads it to what was not run yet; `--plain` does without,
by chance alone. What was found is written to `NAME.crash` in the present directory, and raised.
`--again FILE` runs such bytes once more.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

if TYPE_CHECKING:
    from abuse.target import FuzzTarget

__all__ = ["main", "mutated"]

_LONGEST = 4096
_FILLING = (b"\0", b"\xff", b"\n", b"9" * 30, b"\x1b[", b"e", b"d", b"l", b"(", b'"', b":", b"\\")
_WITHOUT = "atheris is not installed: pip install atheris (Linux), or give --plain."


def mutated(chance: random.Random, corpus: list[bytes]) -> bytes:
    """Bytes that make sense but for some places, or none at all."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(300))
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        how = chance.randrange(4)
        if how == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif how == 1:
            del data[at : at + chance.randrange(20)]
        elif how == 2:
            data[at:at] = chance.choice(_FILLING)
        else:
            other = chance.choice(corpus)
            begin = chance.randint(0, len(other))
            data[at:at] = other[begin : begin + chance.randrange(80)]
    return bytes(data[:_LONGEST])


def _plain(target: FuzzTarget, seconds: float) -> int:
    """Attack by chance; how often."""
    chance = random.Random(os.urandom(8))
    corpus = list(target.seeds)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(chance, corpus)
        try:
            target.attack(data)
        except BaseException:
            Path(f"{target.name}.crash").write_bytes(data)
            raise
        count += 1
    return count


def _with_atheris(atheris: Any, name: str, seconds: float) -> None:
    """Attack what coverage leads to; ends the process."""
    with atheris.instrument_imports(include=["repl_connect", "repl_server"]):
        target = _target(name)
    with tempfile.TemporaryDirectory(prefix="repl-connect-fuzz-") as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        arguments = [sys.argv[0], corpus, f"-max_total_time={seconds:.0f}"]
        arguments += [f"-exact_artifact_path={name}.crash", f"-max_len={_LONGEST}"]
        atheris.Setup([*arguments, "-timeout=20", "-rss_limit_mb=2048"], target.attack)
        atheris.Fuzz()


def _target(name: str) -> FuzzTarget:
    fuzzed: dict[str, FuzzTarget] = import_module("abuse.targets").FUZZED
    if name not in fuzzed:
        sys.exit(f"There is no target {name!r}. There are: {', '.join(fuzzed)}.")
    return fuzzed[name]


def main() -> None:
    """Do what the command line says."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", metavar="NAME", help="what to fuzz; `list` names all there is")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--plain", action="store_true", help="by chance, without atheris")
    parser.add_argument("--again", type=Path, metavar="FILE", help="attack with these bytes, once")
    given = parser.parse_args()
    if given.name == "list":
        print(*import_module("abuse.targets").FUZZED, sep="\n")
    elif given.again is not None:
        _target(given.name).attack(given.again.read_bytes())
    elif given.plain:
        print(f"{given.name}: {_plain(_target(given.name), given.seconds):,} times, nothing found")
    else:
        atheris = None
        with contextlib.suppress(ImportError):
            atheris = import_module("atheris")
        if atheris is None:
            sys.exit(_WITHOUT)
        _with_atheris(atheris, given.name, given.seconds)


if __name__ == "__main__":
    main()
