"""The process that Neovim starts: takes its requests, and has the connections."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.nvim import requests
from repl_connect.nvim.connection import Connection
from repl_connect.nvim.evaluating import Evaluating
from repl_connect.nvim.held import list_held
from repl_connect.nvim.messages import Answer, Connected, Disconnected, Ended, Message, Note, Same
from repl_connect.nvim.outbox import Outbox
from repl_connect.nvim.servers import list_servers
from repl_connect.nvim.waiting import Waiting
from repl_connect.settings import Settings, load_settings

if TYPE_CHECKING:
    from repl_connect.nvim.asking import Asking

__all__ = ["Host", "serve"]

_LONGEST_WORDS: Final = 300
_RECEIVE: Final = "require('repl_connect.host').receive(...)"


class Host:
    """Does what Neovim asks for. `send` gives it a batch of messages, as maps.

    The loop must be running when anything is asked for.
    """

    def __init__(
        self, send: Callable[[list[dict[str, Any]]], None], settings: Settings | None = None
    ) -> None:
        self._settings = settings or Settings()
        self._outbox = Outbox(send, self._hold)
        self._print_quota = 0
        self._connections: dict[int, Connection] = {}
        self._evaluating: dict[int, Evaluating] = {}
        self._asking: dict[int, Asking] = {}
        self._waiting = Waiting()
        self._held = False

    def handle(self, name: str, given: Mapping[str, Any]) -> None:
        """Do what a notification asks for. What is none is told, and forgotten."""
        try:
            request = requests.parsed(name, given)
        except ValueError as error:
            self._tell(Note(text=f"The plugin and its host do not fit: {error}.", level="error"))
            return
        if isinstance(request, requests.Received):
            self._outbox.received()
            return
        self._outbox.take_request()
        try:
            self._do(request)
        except Exception as error:  # whatever it was, who has asked has to hear of it
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Tell of an error of our own, and leave its traceback on standard error."""
        traceback.print_exception(error)
        words = visible(f"{type(error).__name__}: {error}")[:_LONGEST_WORDS]
        text = f"The host has met an error of its own: {words}. It goes on; :checkhealth says more."
        self._tell(Note(text=text, level="error"))

    def warn(self, problem: str) -> None:
        """Tell of something that is wrong with the settings."""
        self._tell(Note(text=visible(problem), level="warn"))

    def close(self) -> None:
        """Say goodbye everywhere."""
        for connection in self._connections.values():
            connection.close()

    def _do(self, request: requests.Request) -> None:
        match request:
            case requests.Configure():
                self._print_quota = request.print_quota
                for each in set(self._connections.values()):
                    each.limit_values(request.print_quota)
            case requests.Connect():
                self._connect(request)
            case requests.Evaluate():
                self._evaluate(request)
            case requests.Servers():
                list_servers(request, lambda result: self._answer(request.request, result))
            case _:
                number = getattr(request, "connection", 0)
                connection = self._connections.get(number)
                if connection is not None:
                    self._ask(connection, request)
                elif isinstance(request, requests.Disconnect):
                    self._tell(Disconnected(connection=number, text="Disconnected.", wanted=True))

    def _connect(self, request: requests.Connect) -> None:
        connection = self._connections.get(request.connection)
        if connection is not None:
            connection.reconnect()
            return
        connection = Connection(request, self._settings, self._tell, print_quota=self._print_quota)
        for other in self._connections.values():
            if other.place is not None and other.place == connection.place:
                # What was asked of the new number meanwhile is asked of the old one.
                self._connections[request.connection] = other
                self._tell(Same(connection=request.connection, other=other.number))
                other.reconnect()
                return
        self._connections[request.connection] = connection
        connection.hold(self._held)
        connection.open()

    def _hold(self, held: bool) -> None:
        self._held = held
        for connection in self._connections.values():
            connection.hold(held)

    def _tell(self, message: Message) -> None:
        self._outbox.put(message)
        if isinstance(message, Connected | Disconnected):
            for request in self._waiting.take(message.connection):
                self._evaluate(request)

    def _evaluate(self, request: requests.Evaluate) -> None:
        connection = self._connections.get(request.connection)
        problem = connection.problem if connection is not None else "There is no connection."
        if connection is not None and connection.connecting:
            if self._waiting.add(connection.number, request):
                return
            problem += " Too much waits for that, so this was not sent."
        if connection is None or problem:
            self._refuse(request, problem)
            return
        evaluating = Evaluating(
            request,
            connection,
            self._tell,
            lambda: self._forget(request.evaluation),
        )
        self._evaluating[request.evaluation] = evaluating
        try:
            evaluating.begin()
        except Exception as error:  # what waits behind it has to be sent all the same
            self.fail(error)
            self._evaluating.pop(request.evaluation, None)
            self._refuse(request, "The host failed to send it.")

    def _refuse(self, request: requests.Evaluate, problem: str) -> None:
        self._tell(Ended(evaluation=request.evaluation, status="refused", problem=problem))

    def _forget(self, evaluation: int) -> None:
        self._evaluating.pop(evaluation, None)
        for asking in self._asking.values():
            asking.forget()

    def _ask(self, connection: Connection, request: requests.Request) -> None:
        conversation = connection.conversation
        match request:
            case requests.Disconnect():
                connection.close()
                numbers = [each for each, other in self._connections.items() if other is connection]
                for number in numbers:
                    del self._connections[number]
                self._asking.pop(connection.number, None)
            case requests.Interrupt():
                self._interrupt(connection)
            case requests.Provide():
                evaluating = self._evaluating.get(request.evaluation)
                conversation.give_input(
                    request.text, evaluating.evaluation if evaluating is not None else None
                )
            case requests.ListHeld():
                list_held(conversation, lambda result: self._answer(request.request, result))
            case requests.Complete():
                asking = self._asking_on(connection)
                asking.complete(request, lambda result: self._answer(request.request, result))
            case requests.Look():
                asking = self._asking_on(connection)
                asking.look(request, lambda result: self._answer(request.request, result))

    def _asking_on(self, connection: Connection) -> Asking:
        from repl_connect.nvim.asking import Asking

        found = self._asking.get(connection.number)
        if found is None:
            found = self._asking[connection.number] = Asking(connection)
        return found

    def _answer(self, request: int, result: Any) -> None:
        self._tell(Answer(request=request, result=result))

    def _interrupt(self, connection: Connection) -> None:
        def answered(problem: str | None) -> None:
            if problem is not None:
                self._tell(Note(text=problem, level="warn", connection=connection.number))

        conversation = connection.conversation
        waiting = self._waiting.take(connection.number)
        for request in waiting:
            self._tell(Ended(evaluation=request.evaluation, status="interrupted"))
        if waiting:
            return
        if conversation.running:
            conversation.interrupt(answered)
        else:
            self._tell(Note(text="Nothing runs.", connection=connection.number))


def serve() -> ExitCode:
    """Be the host of the Neovim on standard input and output, until it ends."""
    import pynvim

    nvim = pynvim.attach("stdio")
    loop: asyncio.AbstractEventLoop = nvim.loop
    loaded = load_settings()
    host = Host(lambda batch: nvim.exec_lua(_RECEIVE, batch, async_=True), loaded.settings)

    def failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        host.fail(context.get("exception") or RuntimeError(context["message"]))

    def asked(_name: str, _arguments: Sequence[Any]) -> None:
        raise RuntimeError("the host takes notifications only")

    def notified(name: str, arguments: Sequence[Any]) -> None:
        # In the loop, also what has come before it runs.
        loop.call_soon(host.handle, name, arguments[0] if arguments else {})

    async def close() -> None:
        host.close()

    def outlive(sig: int) -> bool:
        loop.add_signal_handler(sig, lambda: None)
        return True

    # Neovim closes our input and sends SIGTERM at once. When the input has ended, pynvim gives the
    # signal its default meaning, which would end us before the sessions are closed.
    loop.remove_signal_handler = outlive  # type: ignore[method-assign]
    loop.set_exception_handler(failed)
    for problem in loaded.problems:
        loop.call_soon(host.warn, problem)
    try:
        nvim.run_loop(asked, notified, err_cb=lambda text: print(text, file=sys.stderr))
    except Exception as ended:  # pynvim's way to tell of the end of input, and of a signal
        if not isinstance(ended, OSError | EOFError) and str(ended) != "Received signal SIGTERM":
            raise
    finally:
        loop.set_exception_handler(lambda *_: None)  # nobody is there to be told
        loop.run_until_complete(close())
    return ExitCode.OK
