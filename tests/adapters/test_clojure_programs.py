"""Real Clojure programs: what a client may do to them, and how it leaves them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from adapters.plain import connected
from adapters.subject import Process
from adapters.subjects.clojure import SUBJECTS, start_clojure
from driver import Client

from repl_connect.errors import ConnectError
from repl_connect.session import NeedInput, Output, Value

_VICTIM = """
import sys
from driver import Client
from repl_connect.session import Output
client = Client(sys.argv[1])
running = client.start(sys.argv[2])
client.until(running, Output)
print("running", flush=True)
client.finish(running, 600)
"""


USED = "(let [r (Runtime/getRuntime)] (System/gc) (- (.totalMemory r) (.freeMemory r)))"


class Served(NamedTuple):
    """A program, and what serves its connections."""

    program: Process
    accept: str

    @property
    def prompt(self) -> str:
        """What a plain user sees when it waits."""
        return "user=> " if self.accept == "repl" else ""

    def client(self) -> Client:
        """One more client."""
        return Client(self.program.address)

    def plainly(self, code: str) -> str:
        """What a user of socat gets for code on a connection of its own, until `:end`."""
        with closing(connected(self.program.address)) as plain:
            seen = b""
            if self.prompt:
                while not seen.endswith(b"=> "):
                    seen += plain.recv(65536)
            plain.sendall(f"{code}\n(keyword (str 'en 'd))\n".encode())
            while b":end" not in seen:
                data = plain.recv(65536)
                assert data, seen
                seen += data
        return seen.decode()

    def threads(self) -> list[str]:
        """The names of its threads that are ours."""
        said = self.plainly("(mapv #(.getName %) (keys (Thread/getAllStackTraces)))")
        return re.findall(r"repl-connect [a-z]+", said)


def _left(served: Served, wait: float = 30.0) -> list[str]:
    """Our threads, when there are none or the time is up."""
    deadline = time.monotonic() + wait
    while (threads := served.threads()) and time.monotonic() < deadline:
        pass
    return threads


@pytest.fixture(scope="module", params=["repl", "io-prepl"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A program with each kind of server, which has to be there at the end."""
    missing = SUBJECTS[0].missing()
    if missing:
        pytest.skip(f"needs {missing}")
    program = start_clojure(tmp_path_factory.mktemp("program"), accept=request.param)
    yield Served(program, request.param)
    assert program.alive
    program.stop()


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """One client of it."""
    with served.client() as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts a program of the test's own."""
    started: list[Process] = []

    def start(accept: str, *options: str) -> Served:
        started.append(start_clojure(tmp_path, accept=accept, options=options))
        return Served(started[-1], accept)

    yield start
    for program in started:
        program.stop()


# Left as it was found.


def test_a_plain_user_finds_the_ordinary_repl_beside_us_and_after(served: Served) -> None:
    with served.client() as client:
        client.evaluate("(in-ns 'elsewhere) (clojure.core/defn f []) (/ 1 0)")
        beside = served.plainly("[*ns* *1 *e (+ 40 2)]")
    after = served.plainly("[*ns* *1 *e (+ 40 2)]")
    for said in (beside, after):
        assert said.startswith(served.prompt)
        assert re.search(r'"user\\?"\] nil nil 42\]', said)


def test_nothing_of_ours_is_in_the_user_s_namespace(served: Served) -> None:
    names = "(sort (map str (keys (ns-interns 'user))))"
    with served.client() as client:
        before = client.value(names)
    with served.client() as client:
        client.complete("ma")
        client.lookup("map")
        assert client.value(names) == before
        ours = client.value('(count (filter #(re-find #"repl-connect" (str %)) (all-ns)))')
    assert ours == "1"


def test_no_thread_of_ours_stays_behind(served: Served) -> None:
    with served.client() as client:
        client.value("1")
        client.complete("ma")
        assert served.threads()
    for _ in range(5):
        with served.client() as client:
            client.value("(+ 1 2)")
    assert _left(served) == []


@pytest.mark.parametrize(
    "code",
    [
        "(do (println 1) (loop [] (recur)))",
        "(do (println 1) (Thread/sleep 1000000))",
        "(do (println 1) (read-line))",
        "(dotimes [_ 100000000] (println 1))",
        "(do (println 1) (range))",
    ],
)
def test_a_client_killed_in_the_middle_leaves_nothing_running(served: Served, code: str) -> None:
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, served.program.address, code],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    with victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"running\n"
        victim.kill()
    assert _left(served) == []


def test_a_client_that_goes_in_the_bootstrap_harms_nobody(fresh: Callable[..., Served]) -> None:
    served = fresh("repl")
    with closing(connected(served.program.address)) as plain:
        plain.recv(100)
        plain.sendall(b"(do (read))\n[(binding [*ns*")
    with served.client() as client:
        assert client.value("(+ 40 2)") == "42"


def test_two_clients_at_once_find_one_bootstrap(fresh: Callable[..., Served]) -> None:
    served = fresh("repl")
    victims = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from driver import Client\n"
                "with Client(sys.argv[1]) as client: print(client.value('(+ 40 2)'))",
                served.program.address,
            ],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        for _ in range(3)
    ]
    assert [victim.communicate(timeout=60)[0] for victim in victims] == [b"42\n"] * 3
    with served.client() as client:
        ours = client.value('(count (filter #(re-find #"repl-connect" (str %)) (all-ns)))')
    assert ours == "1"


# Hostile.


def test_output_that_looks_like_a_frame_is_output(client: Client) -> None:
    forged = r'(let [m (str (char 30) "0123456789abcdef;d4:kind4:done2:id1:1e")] (println m))'
    outcome = client.evaluate(f"{forged} {forged} :after")
    assert outcome.values == ["nil", "nil", ":after"]
    assert outcome.out == "\x1e0123456789abcdef;d4:kind4:done2:id1:1e\n" * 2


def test_a_client_that_does_not_read_holds_the_output_within_bounds(served: Served) -> None:
    with served.client() as slow, served.client() as other:
        text = "(apply str (repeat 1000 \\x))"
        code = f"(let [s {text}] (println :go) (dotimes [_ 30000] (println s)) :all)"
        outcome = slow.start(code)
        slow.until(outcome, Output)
        assert int(other.value(USED)) < 200_000_000
        slow.finish(outcome)
        assert outcome.values == [":all"]
        assert outcome.out == ":go\n" + ("x" * 1000 + "\n") * 30_000


def test_large_values_come_whole_and_one_by_one(client: Client) -> None:
    outcome = client.start(":first " + "(apply str (repeat 1000000 \\x)) " * 5)
    client.until(outcome, Value)
    assert outcome.done is None
    client.finish(outcome)
    assert [len(value) for value in outcome.values[1:]] == [1_000_002] * 5


def test_a_server_that_is_no_clojure_any_more(fresh: Callable[..., Served]) -> None:
    served = fresh("repl")
    served.plainly("(alter-var-root #'clojure.core/resolve (constantly nil))")
    with pytest.raises(ConnectError) as caught:
        served.client()
    assert "upgrade" in str(caught.value)


# Interrupts.


@pytest.mark.parametrize(
    "code",
    [
        "(do (println 1) (loop [] (recur)))",
        "(do (println 1) (while true (try (Thread/sleep 10) (catch Exception _))))",
        "(do (println 1) @(promise))",
        "(do (println 1) (range))",
        "(doseq [i (range)] (println i))",
    ],
)
def test_it_stops(client: Client, code: str) -> None:
    client.evaluate("(def ^:dynamic *kept* 7)")
    outcome = client.start(code)
    client.until(outcome, Output)
    assert client.interrupt(outcome) is None
    done = client.finish(outcome).done
    assert done is not None
    assert "interrupted" in done.statuses
    assert outcome.failed is None
    assert client.value("*kept*") == "7"


def test_what_catches_everything_is_said_to_go_on_and_others_are_served(
    fresh: Callable[..., Served],
) -> None:
    served = fresh("repl")
    with served.client() as client, served.client() as other:
        code = (
            "(def go true) (do (println 1) (while go (try (Thread/sleep 5) (catch Throwable _))))"
        )
        outcome = client.start(code)
        client.until(outcome, Output)
        assert "goes on" in (client.interrupt(outcome) or "")
        assert outcome.done is None
        other.evaluate("(def go false)")
        client.finish(outcome)
        assert client.value("(+ 40 2)") == "42"


def test_sessions_of_one_client_do_not_wait_for_each_other(client: Client) -> None:
    session = client.link.session
    outcome = client.start("(do (println 1) (read-line))")
    client.until(outcome, NeedInput)
    assert session.user is not None
    clones: list[dict[str, object]] = []
    session.request({"op": "clone", "session": session.user}, clones.append)
    assert client.link.run_until(lambda: bool(clones), 30)
    answers: list[dict[str, object]] = []
    session.request(
        {"op": "eval", "session": clones[0]["new-session"], "code": "(+ 40 2)"}, answers.append
    )
    assert client.link.run_until(lambda: any("value" in answer for answer in answers), 30)
    assert outcome.done is None
    session.give_input("x\n", outcome.evaluation)
    assert client.finish(outcome).values == ['"x"']


# As the REPL has it.


def test_history_and_errors_of_the_session(client: Client) -> None:
    client.evaluate(":a :b :c")
    assert client.value("[*1 *2 *3]") == "[:c :b :a]"
    failed = client.evaluate('(throw (ex-info "boom" {:key 1}))')
    assert "boom\n{:key 1}" in failed.err
    assert client.value("(ex-data *e)") == "{:key 1}"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("(no-such-name)", "Syntax error compiling at"),
        (")", "Syntax error reading source at"),
        ("(let [x] x)", "Syntax error macroexpanding clojure.core/let"),
        ("(/ 1 0)", "Execution error (ArithmeticException)"),
        ("(lazy-seq [(/ 1 0)])", "Error printing return value (ArithmeticException)"),
    ],
)
def test_errors_are_told_as_clojure_tells_them(client: Client, code: str, said: str) -> None:
    outcome = client.evaluate(code)
    assert said in outcome.err
    assert outcome.failed is not None


def test_file_line_and_column_are_those_of_the_source(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "some" / "program.clj"
    path.parent.mkdir()
    path.write_text("\n\n(defn broken [] (/ 1 0))\n", encoding="utf-8")
    client.evaluate("(defn broken [] (/ 1 0))", file=str(path), line=3, column=1)
    info = client.lookup("broken")
    assert (info["file"], info["line"], info["column"]) == (str(path), 3, 1)
    failed = client.evaluate("(broken)").failed
    assert failed is not None
    assert (failed.frames[-1].name, failed.frames[-1].file, failed.frames[-1].line) == (
        "user/broken",
        str(path),
        3,
    )
    assert client.value("*file*") == '"NO_SOURCE_PATH"'


def test_input_by_lines_forms_and_ahead(client: Client) -> None:
    outcome = client.start("[(read-line) (read) (read-line)]")
    client.until(outcome, NeedInput)
    client.link.session.give_input("größe ✓\n(1 2", outcome.evaluation)
    client.until(outcome, NeedInput)
    client.link.session.give_input(") rest\n", outcome.evaluation)
    assert client.finish(outcome).values == ['["größe ✓" (1 2) " rest"]']


def test_a_form_may_close_its_streams(client: Client) -> None:
    client.evaluate("(do (.close *in*) (.close *out*))")
    assert client.evaluate('(println "still")').out == "still\n"
    outcome = client.start("(read-line)")
    client.until(outcome, NeedInput)
    client.link.session.give_input("there\n", outcome.evaluation)
    assert client.finish(outcome).values == ['"there"']


def test_output_after_the_end_keeps_coming(client: Client) -> None:
    client.evaluate('(def done (promise)) (future @done (println "la" "te"))')
    client.evaluate("(deliver done 1)")
    assert client.link.run_until(lambda: any("la te" in each.text for each in client.late), 30)


def test_tests_print_to_the_evaluation_that_runs_them(served: Served) -> None:
    with served.client() as first:
        first.evaluate("(require 'clojure.test)")
    with served.client() as second:
        outcome = second.evaluate("(clojure.test/run-tests 'user)")
        assert "Ran 0 tests" in outcome.out


def test_values_are_cut_where_the_client_wants(client: Client) -> None:
    client.link.session.print_quota = 30
    outcome = client.evaluate("(range) (vec (range 3))")
    assert outcome.values == ["(0 1 2 3 4 5 6 7 8 9 10 11 12 ", "[0 1 2]"]


def test_completions_of_all_kinds(client: Client) -> None:
    client.evaluate("(require '[clojure.string :as text]) :quite-some-keyword")

    def found(prefix: str) -> dict[str, str | None]:
        return {each.text: each.type for each in client.complete(prefix)}

    assert found("text/bla") == {"text/blank?": "function"}
    assert found("Math/cb") == {"Math/cbrt": "static-method"}
    assert found("clojure.strin")["clojure.string"] == "namespace"
    assert found(":quite-some")[":quite-some-keyword"] == "keyword"
    assert found("when-le") == {"when-let": "macro"}
    assert found("NumberF")["NumberFormatException"] == "class"
    assert found("no-such-thing") == {}


def test_a_jvm_without_utf_8_still_speaks_it(fresh: Callable[..., Served]) -> None:
    for accept in ("repl", "io-prepl"):
        with fresh(accept, "-Dfile.encoding=US-ASCII").client() as client:
            assert client.value('(str "schön ✓ 🐍" \\return)') == r'"schön ✓ 🐍\r"'
            assert client.evaluate('(println "schön ✓ 🐍")').out == "schön ✓ 🐍\n"
            outcome = client.start("(read-line)")
            client.until(outcome, NeedInput)
            client.link.session.give_input("✓\n", outcome.evaluation)
            assert client.finish(outcome).values == ['"✓"']


def test_taps_of_a_prepl_are_shown(fresh: Callable[..., Served]) -> None:
    with fresh("io-prepl").client() as client:
        client.evaluate('(tap> {:a "x"})')
        assert client.link.run_until(
            lambda: any(each.text == 'tap> {:a "x"}\n' for each in client.late), 30
        )
