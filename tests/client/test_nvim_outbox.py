"""The outbox of Neovim's host: what goes in comes out in order, in batches, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from repl_connect.nvim.messages import Note, Printed, Valued
from repl_connect.nvim.outbox import Outbox


class Screen:
    """Stands for Neovim: keeps batches, and holds of reading."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.held: list[bool] = []
        self.outbox = Outbox(self.batches.append, self.held.append)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for batch in self.batches for message in batch]

    def text(self, connection: int = 1, stream: str = "out") -> str:
        return "".join(
            message["text"]
            for message in self.messages
            if message["kind"] == "output"
            and (message["connection"], message["stream"]) == (connection, stream)
        )

    def print(self, text: str, stream: str = "out", connection: int = 1) -> None:
        self.outbox.put(Printed(connection=connection, evaluation=1, stream=stream, text=text))

    async def batch(self, number: int) -> list[dict[str, Any]]:
        """The batch of a number, once it is there."""
        async with asyncio.timeout(20):
            while len(self.batches) <= number:
                await asyncio.sleep(0)
        return self.batches[number]

    async def receive_all(self) -> None:
        """Receive until nothing more comes."""
        seen = 0
        quiet = 0
        while quiet < 3:
            quiet += 1
            while seen < len(self.batches):
                seen += 1
                quiet = 0
                self.outbox.received()
            await asyncio.sleep(0.03)


def run(test: Callable[[Screen], Any]) -> Screen:
    screen = Screen()

    async def go() -> None:
        await test(screen)

    asyncio.run(go())
    return screen


def test_output_of_one_stream_comes_together() -> None:
    async def test(screen: Screen) -> None:
        for number in range(100):
            screen.print(f"{number}\n")
        await screen.batch(0)

    screen = run(test)
    assert len(screen.messages) == 1
    assert screen.text().splitlines() == [str(number) for number in range(100)]


def test_the_order_is_kept() -> None:
    async def test(screen: Screen) -> None:
        screen.print("a")
        screen.print("b", "err")
        screen.outbox.put(Valued(evaluation=1, text="1"))
        screen.print("c")
        await screen.receive_all()

    screen = run(test)
    assert [message["text"] for message in screen.messages] == ["a", "b", "1", "c"]


def test_no_more_is_sent_than_is_received() -> None:
    async def test(screen: Screen) -> None:
        screen.print("x" * 200_000)
        await screen.batch(1)
        await asyncio.sleep(0.1)
        assert len(screen.batches) == 2
        screen.outbox.received()
        await screen.batch(2)

    assert max(len(message["text"]) for message in run(test).messages) <= 16 * 1024


def test_what_neovim_has_no_time_for_is_dropped_and_counted() -> None:
    lines = [f"line {number}\n" for number in range(200_000)]

    async def test(screen: Screen) -> None:
        for line in lines:
            screen.print(line)
        await screen.receive_all()

    screen = run(test)
    shown = screen.text()
    assert shown.endswith(lines[-1])
    assert len(shown) <= 600 * 1024
    dropped = sum(int(note.split()[1]) for note in screen.text(stream="note").splitlines())
    assert dropped == len(lines) - shown.count("\n")
    assert set(shown.splitlines(keepends=True)) <= set(lines)


def test_what_is_dropped_is_told_where_it_was_printed() -> None:
    async def test(screen: Screen) -> None:
        screen.print("short\n" * 10, connection=2)
        screen.print("x\n" * 400_000)
        screen.print("x\n" * 400_000)
        screen.print("after\n", connection=2)
        await screen.receive_all()

    screen = run(test)
    assert "dropped" in screen.text(stream="note")
    assert screen.text(2).endswith("after\n")


def test_streams_that_take_turns_are_bounded_too() -> None:
    async def test(screen: Screen) -> None:
        for number in range(20_000):
            screen.print(f"{number}\n", "out" if number % 2 else "err")
        await screen.receive_all()

    screen = run(test)
    assert len(screen.messages) < 2000
    assert screen.text().endswith("19999\n")
    assert screen.text(stream="err").endswith("19998\n")


def test_other_messages_are_never_dropped_and_reading_is_held_meanwhile() -> None:
    async def test(screen: Screen) -> None:
        for number in range(3000):
            screen.outbox.put(Valued(evaluation=1, text=str(number)))
        assert screen.held == [True]
        await screen.receive_all()

    screen = run(test)
    assert [message["text"] for message in screen.messages] == [str(each) for each in range(3000)]
    assert screen.held == [True, False]


def test_large_messages_do_not_come_all_at_once() -> None:
    async def test(screen: Screen) -> None:
        for _ in range(10):
            screen.outbox.put(Valued(evaluation=1, text="x" * 1_000_000))
        assert screen.held == [True]
        await screen.receive_all()

    screen = run(test)
    assert [len(batch) for batch in screen.batches] == [1] * 10
    assert screen.held == [True, False]


def test_requests_that_were_taken_are_told_with_what_else_there_is() -> None:
    async def test(screen: Screen) -> None:
        for _ in range(5):
            screen.outbox.take_request()
        screen.outbox.put(Note(text="x"))
        await screen.batch(0)
        await screen.receive_all()

    assert run(test).messages == [
        {"kind": "taken", "requests": 5},
        {"kind": "note", "text": "x", "level": "info"},
    ]


def test_what_is_no_output_does_not_wait_for_the_next_moment() -> None:
    async def test(screen: Screen) -> None:
        screen.print("x")
        await screen.batch(0)
        screen.print("y")
        screen.outbox.put(Valued(evaluation=1, text="1"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(screen.batches) == 2

    run(test)


def test_batches_that_can_not_be_sent_do_not_keep_the_next_from_it() -> None:
    sent: list[list[dict[str, Any]]] = []
    failures: list[object] = []

    def send(batch: list[dict[str, Any]]) -> None:
        if batch[0].get("text") == "bad":
            raise OverflowError("too large")
        sent.append(batch)

    async def go() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
        outbox = Outbox(send, lambda _: None)
        async with asyncio.timeout(20):
            for number in range(5):
                outbox.put(Note(text="bad"))
                while len(failures) <= number:
                    await asyncio.sleep(0)
            outbox.put(Note(text="good"))
            while not sent:
                await asyncio.sleep(0)

    asyncio.run(go())
    assert [each["text"] for each in sent[0]] == ["good"]
    assert [type(each) for each in failures] == [OverflowError] * 5
