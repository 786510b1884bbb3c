"""Programs that print without end beside others, on one loop."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from client.programs import PythonProgram
from dashboard.observing.observer import Observer

from repl_connect.dashboard.observing.log import LINES

FLOOD = """
import threading
flooding = True
def flood():
    count = 0
    while flooding:
        count += 1
        print("line", count)
    print("the end")
thread = threading.Thread(target=flood)
thread.start()
"""


def test_a_flood_is_held_back_and_the_others_are_heard(here: Path) -> None:
    with ExitStack() as stack:
        programs = [
            stack.enter_context(PythonProgram(f"{here}/{name}.sock"))
            for name in ("a", "b", "quiet")
        ]
        observer = stack.enter_context(Observer(*(each.address for each in programs)))
        *loud, quiet = observer.observation.targets
        observer.until_up()
        observer.send("print('first')", [quiet])
        observer.send(FLOOD, loud)
        observer.until(lambda: all("prints more" in each.words for each in loud))
        observer.until(lambda: observer.observation.log.last > 3 * LINES)
        assert observer.send("print('second'); 6 * 7", [quiet])[0].values == ["42"]
        assert observer.logged(quiet, "out") == ["first", "second"]
        counts = [len(observer.logged(each, "out")) for each in loud]
        assert min(counts) > LINES / 4
        # What is asked of one that floods is answered behind what it has printed.
        observer.send("flooding = False; thread.join()", loud)
        observer.until(lambda: all(observer.logged(each)[-1] == "the end" for each in loud))
        observer.until(lambda: all(each.words == "connected" for each in loud))
