"""What a server may do instead of answering: one behaviour each, for an evaluation or before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from client.fakes import Talk, speaks_nrepl

from repl_server.wire import Message, encode

__all__ = ["BOMBS", "Bomb"]

MIB: Final = 1 << 20
_CHUNK: Final = 256 * 1024
_INPUTS: Final = 2_000


class Bomb(NamedTuple):
    """`behave` is the server's; `status` and `says` what becomes of `repl-connect eval` then.

    `tried` and `happened` are for the table; `more` are arguments for `eval`.
    """

    name: str
    tried: str
    happened: str
    behave: Callable[[Talk], None]
    status: int
    says: str = ""
    prints: int | None = None
    more: tuple[str, ...] = ()


def _says(*data: bytes) -> Callable[[Talk], None]:
    """An evaluation is answered by these bytes."""

    def on_eval(talk: Talk, message: Message) -> None:
        with suppress(OSError):
            for each in data:
                talk.say(each)
            talk.read_to_end()

    return speaks_nrepl(on_eval)


def _replies(*replies: Message) -> Callable[[Talk], None]:
    """An evaluation is answered by these messages; `id` None is the evaluation's own."""

    def on_eval(talk: Talk, message: Message) -> None:
        for reply in replies:
            own = {"id": message["id"]} if "id" not in reply else {}
            talk.say(encode({**reply, **own}))
        talk.read_to_end()

    return speaks_nrepl(on_eval)


def _many(piece: Callable[[Message], bytes], times: int) -> Callable[[Talk], None]:
    """An evaluation is answered by the same again and again, and then it is done."""

    def on_eval(talk: Talk, message: Message) -> None:
        data = piece(message)
        together = data * (1 + _CHUNK // len(data))
        with suppress(OSError):
            for _ in range(times * len(data) // len(together)):
                talk.say(together)
            talk.reply(message)
            talk.read_to_end()

    return speaks_nrepl(on_eval)


def _drips(talk: Talk) -> None:
    """An answer, one byte a second."""
    with suppress(OSError):
        for byte in b"d3:out1000:":
            talk.say(bytes([byte]))
            time.sleep(1)


def _asks_for_ever(talk: Talk) -> None:
    def on_eval(talk: Talk, message: Message) -> None:
        asked = encode({"id": message["id"], "status": ["need-input"]})
        with suppress(OSError):
            talk.say(asked * _INPUTS)
            for _ in range(_INPUTS):
                given = talk.read_message()
                assert given is not None
                assert (given["op"], given["stdin"]) == ("stdin", "")
            talk.reply(message)
            talk.read_to_end()

    speaks_nrepl(on_eval)(talk)


def _answers_before_asked(talk: Talk) -> None:
    for ident in ("r1", "r2", "e3", "e1"):
        talk.say(encode({"id": ident, "value": "0", "status": ["done"]}))
    _replies({"value": "1", "status": ["done"]})(talk)


def _hangs_up_at(op: str) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        while (message := talk.read_message()) is not None and message["op"] != op:
            if message["op"] == "describe":
                talk.reply(message, ops={"clone": {}, "eval": {}, "close": {}})
            else:
                talk.reply(message, **{"new-session": "s"})

    return behave


def _never_answers(talk: Talk) -> None:
    talk.read_to_end()


def _count(keys: int) -> Iterator[bytes]:
    yield b"d"
    yield b"".join(b"7:%07d0:" % number for number in range(keys))
    yield b"e"


_DONE: Message = {"status": ["done"]}
_ODD: Final[dict[str, Message]] = {
    "a value that is a map": {"value": {"a": [1, {}]}},
    "an ns that is a list": {"ns": ["x"], "value": "1"},
    "out that is a number": {"out": 3, "err": []},
    "an ex that is a map, frames that are none": {
        "ex": {},
        "repl-server/frames": [3, {"line": []}],
    },
    "numbers of 1,000 digits": {"value": 10**999, "line": -(10**999)},
}

BOMBS: tuple[Bomb, ...] = (
    Bomb(
        "length",
        "a length of 10^12 bytes",
        "refused before a byte of it has come; status 3",
        _says(b"d5:value1000000000000:"),
        3,
        "more than 1073741824 bytes",
    ),
    Bomb(
        "memory",
        "a value of 500 MB, which is more than there is memory for",
        "given up, and it is said; status 3",
        _says(b"d5:value500000000:", *[b"v" * MIB] * 477),
        3,
        "memory",
    ),
    Bomb(
        "depth",
        "100,000 lists within each other",
        "refused; status 3",
        _says(b"d5:value" + b"l" * 100_000),
        3,
        "nests deeper",
    ),
    Bomb(
        "keys",
        "an answer with 200,000 keys",
        "they are passed over; the value is shown",
        _says(*_count(200_000), encode({"id": "e3", "value": "1", "status": ["done"]})),
        0,
        prints=2,
    ),
    Bomb(
        "statuses",
        "200,000 statuses",
        "they are passed over; the value is shown",
        _replies({"value": "1", "status": [f"s{number}" for number in range(200_000)]}, _DONE),
        0,
        prints=2,
    ),
    Bomb(
        "digits",
        "an integer without end",
        "refused; status 3",
        _says(b"d5:valuei", b"9" * 10_000),
        3,
        "digits",
    ),
    Bomb(
        "values",
        "200 values of 1 MiB each",
        "all of it is printed; what is held is one value",
        _many(lambda to: encode({"id": to["id"], "value": "v" * MIB}), 200),
        0,
        prints=200 * (MIB + 1),
    ),
    Bomb(
        "output",
        "64 MiB of output without a newline",
        "all of it is printed; none of it is held",
        _many(lambda to: encode({"id": to["id"], "out": "o" * 16_384}), 4_096),
        0,
    ),
    Bomb(
        "nobody's",
        "100,000 replies to nobody",
        "they are passed over; status 0",
        _many(lambda _: encode({"id": "nobody", "status": ["done"], "value": "0"}), 100_000),
        0,
        prints=0,
    ),
    Bomb(
        "input",
        "input asked for 2,000 times, without waiting",
        "the end of input is given each time; status 0",
        _asks_for_ever,
        0,
        prints=0,
    ),
    Bomb(
        "forged",
        "replies with other ids and sessions, done twice, a value after it",
        "the evaluation's own value and end count, the rest is passed over",
        _replies(
            {"id": "e2", "value": "0", "status": ["done"]},
            {"id": "r1", "value": "0", "status": ["done"], "ops": []},
            {"id": ["e3"], "out": "", "status": ["done"]},
            {"id": {}, "value": "0", "status": ["done"]},
            {"id": 3, "value": "0", "status": ["done"]},
            {"id": "", "value": "0", "status": ["done"]},
            {"value": "1", "session": "not ours", "status": ["done"]},
            {"value": "2", "status": ["done"]},
            {"status": ["done"]},
        ),
        0,
        prints=2,
    ),
    *(
        Bomb(
            f"odd: {what}",
            what,
            f"shown or passed over; status {1 if 'ex' in reply else 0}",
            _replies(reply, _DONE),
            1 if "ex" in reply else 0,
        )
        for what, reply in _ODD.items()
    ),
    Bomb(
        "order",
        "keys in any order, and twice",
        "the last one of a key counts",
        _says(b"d5:value1:02:id2:e35:value1:16:statusl4:doneee"),
        0,
        prints=2,
    ),
    Bomb(
        "early",
        "answers before anything is asked",
        "the evaluation ends all the same; status 0",
        _answers_before_asked,
        0,
    ),
    Bomb(
        "mute",
        "no answer to `describe`",
        "given up when the time is up; status 3",
        _never_answers,
        3,
        "",
        more=("--timeout", "1"),
    ),
    Bomb(
        "drip",
        "an answer of one byte a second",
        "interrupted when the time is up, and given up 3 s later; status 4",
        speaks_nrepl(lambda talk, _: _drips(talk)),
        4,
        "The time is up",
        more=("--timeout", "1"),
    ),
    *(
        Bomb(
            f"gone: {op}",
            f"hanging up at `{op}`",
            "said in a sentence; status 3",
            _hangs_up_at(op),
            3,
            "closed the connection",
        )
        for op in ("describe", "clone", "eval")
    ),
)
