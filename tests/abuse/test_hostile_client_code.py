"""Code that means no good, evaluated in a program that is served: what ends it, what does not."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from abuse.attacked import EACH, ON, Attacked, attacked
from proofs import Prove
from server.hosts import MODES
from server.wire_client import WireClient


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest) -> Iterator[Attacked]:
    with attacked(request.param) as found:
        yield found


FAILING = {
    "endless recursion": ("def f(): f()\nf()", "RecursionError"),
    "10,000 nested parentheses": ("(" * 10_000 + ")" * 10_000, "SyntaxError"),
    "100,000 unary minuses": ("-" * 100_000 + "1", "MemoryError"),
    "a sum of 10,000 terms": ("+".join("1" * 10_000), "RecursionError"),
    "100,000 attributes": ("a" + ".b" * 100_000, "RecursionError"),
    "a NUL in the code": ("1\0+1", "SyntaxError"),
    "lone surrogates in the code": ("'\udc80\ud800'", "UnicodeEncodeError"),
    "a list nested 100,000 deep": (
        "deep = []\nfor _ in range(100_000): deep = [deep]\ndeep",
        "RecursionError",
    ),
    "a petabyte": ("b'x' * (1 << 50)", "MemoryError"),
    "`sys.exit`": ("import sys; sys.exit(3)", "SystemExit"),
    "`raise BaseException`": ("raise BaseException", "BaseException"),
    "`raise KeyboardInterrupt`": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "`raise GeneratorExit`": ("raise GeneratorExit", "GeneratorExit"),
    "a `repr` that exits": (
        "class Exits:\n    def __repr__(self): raise SystemExit\nExits()",
        "SystemExit",
    ),
    "a `repr` without end": (
        "class Endless:\n    def __repr__(self): return repr(self)\nEndless()",
        "RecursionError",
    ),
    "an error whose text is an error": (
        "class Bad(Exception):\n    def __str__(self): raise Bad\nraise Bad",
        "Bad",
    ),
    "an error whose class is an error": (
        "class Meta(type):\n    def __getattribute__(self, name): raise RuntimeError\n"
        "class Worse(Exception, metaclass=Meta): pass\nraise Worse",
        "Worse",
    ),
    "a trace function that fails": (
        "import sys; sys.settrace(lambda *_: 1 / 0)\n(lambda: 1)()",
        "ZeroDivisionError",
    ),
}
PASSING = {
    "a line of 1 MB": f"text = '{'a' * 1_000_000}'",
    "`sys.stdout` closed": "import sys; sys.stdout.close()",
    "`sys.stdout` set to None": "import sys; kept = sys.stdout; sys.stdout = None; print(1)\n"
    "sys.stdout = kept",
    "a recursion limit of 50": "import sys; limit = sys.getrecursionlimit()\n"
    "sys.setrecursionlimit(50)",
    "`print` taken away": "import builtins; kept = print; del builtins.print\n"
    "builtins.print = kept",
    "a fork": "import os\nchild = os.fork()\nif not child: os._exit(0)\n"
    "ended = os.waitpid(child, 0)",
    "500 threads": "import threading\nend = threading.Event()\nfor _ in range(500):"
    " threading.Thread(target=end.wait).start()\nend.set()",
    "output of lone surrogates": "print('\\ud800')",
}


@pytest.mark.parametrize("tried", FAILING)
def test_code_that_fails(served: Attacked, tried: str, proof: Prove) -> None:
    code, kind = FAILING[tried]
    with served.program.connect() as client:
        result = client.result(code)
        assert (result["ex"], result["status"]) == (kind, {"done", "eval-error"}), result
        assert client.value("1 + 1") == "2"
    served.other.value("1 + 1")
    proof(f"evaluated: {tried}", EACH, f"`{kind}` for who sent it; the program goes on")


@pytest.mark.parametrize("tried", PASSING)
def test_code_that_passes(served: Attacked, tried: str, proof: Prove) -> None:
    with served.program.connect() as client:
        result = client.result(PASSING[tried])
        assert result["status"] == {"done"}, result
        assert client.value("1 + 1") == "2"
        assert client.value_and_output("print('out'); 1") == ("1", "out\n")
        if tried == "a recursion limit of 50":
            client.result("sys.setrecursionlimit(limit)")
    served.other.value("1 + 1")
    proof(f"evaluated: {tried}", EACH, "done; sessions and program go on")


def test_nothing_is_left(served: Attacked) -> None:
    served.goes_on()


def test_input_that_never_comes(served: Attacked, proof: Prove) -> None:
    """In a program's own thread `input()` holds the program up; an interrupt ends it."""
    with served.program.connect() as client:
        ident = client.eval("input()")
        client.until(ident, "status", "need-input")
        if served.program.mode == "threads":
            assert served.other.value("1 + 1") == "2"
            happened = "others and the program go on; an interrupt ends it"
        else:
            happened = "the program waits; an interrupt, of anybody, ends it"
        with WireClient(served.program.address) as third:  # who names a session shares it
            third.ask({"op": "interrupt", "session": client.session})
        client.replies(ident)
    served.goes_on()
    proof("`input()` that nobody answers", served.on, happened)


@pytest.mark.parametrize("served", MODES[1:], indirect=True)
def test_signals_taken(served: Attacked, proof: Prove) -> None:
    """The signal that ends waits for locks and sockets is the program's to take."""
    numbers = "import signal\nnumbers = (signal.SIGURG, signal.SIGINT)"
    with served.program.connect() as client:
        client.result(f"{numbers}\nbefore = [signal.getsignal(each) for each in numbers]")
        client.result("for each in numbers: signal.signal(each, signal.SIG_IGN)")
        for code in ("while True: pass", "import time; time.sleep(1000)", "input()"):
            ident = client.eval(f"print('begun', flush=True)\n{code}")
            client.until(ident, "out", "begun")
            client.ask({"op": "interrupt"})
            assert "interrupted" in client.replies(ident)[-1]["status"]
        client.result("for pair in zip(numbers, before): signal.signal(*pair)")
    served.goes_on()
    proof(
        "evaluated: SIGURG and SIGINT ignored",
        "server, cooperative and asyncio",
        "loops, sleeps and `input()` are still interrupted",
    )


FATAL = {
    "`os._exit(3)`": ("import os; os._exit(3)", 3),
    "`os.abort()`": ("import os; os.abort()", -signal.SIGABRT),
    "`kill -9` of itself": ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    "`kill` of itself": ("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
}


@pytest.mark.parametrize("tried", FATAL)
def test_code_that_ends_the_program(tried: str, proof: Prove) -> None:
    code, status = FATAL[tried]
    with attacked("threads", status) as served:
        with WireClient(served.program.address) as client:
            client.eval(code)
            client.read_to_the_end()
        served.other.read_to_the_end()
    proof(f"evaluated: {tried}", ON["threads"], "the program ends; its clients see the end")


def test_the_servers_own_files_closed(proof: Prove) -> None:
    with attacked("threads") as served, WireClient(served.program.address) as client:
        client.eval("import os; os.closerange(3, 1000)")
        client.read_to_the_end()
        served.other.read_to_the_end()
        first = int(served.program.next_line().split()[0])
        served.program.line_of(first + 3)
    proof(
        "evaluated: all files of the process closed",
        ON["threads"],
        "its clients see the end; the program goes on, and is served no more",
    )
