"""A link on a loop: what is lost, and where that is noticed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from prompt.conftest import StartServer

from repl_connect import link as link_module
from repl_connect.channel import WireChannel
from repl_connect.conversation.connecting import open_link
from repl_connect.conversation.conversation import Conversation, words_of_loss
from repl_connect.conversation.reconnection import Reconnection
from repl_connect.errors import ConnectError, ConnectionLost
from repl_connect.link import Link
from repl_connect.session import Done, Event

Lost = list[tuple[ConnectionLost, int]]


@pytest.fixture
def link(start_server: StartServer) -> Link:
    server = start_server()

    def connect(_: str | None) -> Link:
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(str(server.path))
        return Link(stream, WireChannel(), name="toy")

    return open_link(connect)


def converse(link: Link, do: Callable[[Conversation], None]) -> Lost:
    """Do something with a conversation on this link, until it is lost."""
    lost: Lost = []

    async def run() -> None:
        ended = asyncio.Event()

        def told(error: ConnectionLost, evaluations: int) -> None:
            lost.append((error, evaluations))
            ended.set()

        conversation = Conversation(lambda _: None, told)
        conversation.attach(link)
        do(conversation)
        await asyncio.wait_for(ended.wait(), 15)
        assert not conversation.connected

    asyncio.run(run())
    return lost


def test_an_evaluation_that_can_not_be_sent_ends_as_lost(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "_OUTGOING", 0)
    events: list[Event] = []
    lost = converse(
        link, lambda it: it.evaluate("(add 1 2)", lambda _, event: events.append(event))
    )
    assert [event.lost for event in events if isinstance(event, Done)] == [True]
    assert [evaluations for _, evaluations in lost] == [1]


def test_what_a_link_has_taken_in_is_handed_on_after_a_pause(link: Link) -> None:
    """It is not waited for more to come."""
    read = asyncio.Event()

    async def run() -> None:
        conversation = Conversation(lambda _: None, lambda *_: None)
        conversation.pause()
        conversation.attach(link)
        take, link.read_ready = link.read_ready, read.set  # type: ignore[method-assign]
        conversation.resume()
        async with asyncio.timeout(15):
            await read.wait()
        link.read_ready = take  # type: ignore[method-assign]
        conversation.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("evaluations", "words"),
    [
        (0, "toy: gone."),
        (1, "toy: gone. An evaluation was under way: how it ended is not known."),
        (3, "toy: gone. 3 evaluations were under way: how they ended is not known."),
    ],
)
def test_a_loss_is_told_with_what_was_under_way(evaluations: int, words: str) -> None:
    assert words_of_loss(ConnectionLost("toy: gone."), evaluations) == words


def test_a_loss_that_is_noticed_while_writing_is_told(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ConnectionLost("toy: gone.")

    monkeypatch.setattr(Link, "wants_write", True)
    monkeypatch.setattr(link, "write_ready", fail)
    lost = converse(link, lambda _: None)
    assert [(str(error), evaluations) for error, evaluations in lost] == [("toy: gone.", 0)]


def test_connecting_again_goes_on_whatever_an_attempt_raises(link: Link) -> None:
    failures: list[str] = []
    errors: list[Exception] = [ConnectError("nobody"), ValueError("odd")]

    def connect(_: str | None) -> Link:
        if errors:
            raise errors.pop()
        return link

    async def run() -> Link:
        made: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        again = Reconnection(
            connect,
            remedy="",
            on_link=made.set_result,
            on_failure=failures.append,
            on_change=lambda: None,
        )
        again.start(None, longest=0.01)
        found = await asyncio.wait_for(made, 15)
        assert not again.active
        return found

    assert asyncio.run(run()) is link
    assert failures == ["ValueError('odd')", "nobody"]
    link.close()
