"""What a user sees: Emacs in tmux, with a real screen of 80 by 24."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import pytest
from editors.programs import Program
from emacs.screen import Screen

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

PYTHON = 'x = 40\nx + 2\n1 / 0\ninput("who? ")\n'
# What answers late is completed when the key is pressed again; here it is pressed once.
PATIENT = "(setq repl-connect-completion-deadline 10)"
CLOJURE = "(def x 40)\n(+ x 2)\n(/ 1 0)\n(defn twice [n]\n  (* n 2))\n"


def connect(screen: Screen, program: Program) -> None:
    """Connect by `M-x repl-connect-local` to a program's socket, in the project by a link."""
    (screen.home.project / "it.sock").symlink_to(program.address)
    (screen.home.project / "it.text").write_text("no socket")
    (screen.home.project / "it.d").mkdir()
    screen.run("repl-connect-local")
    screen.until("Socket: ")
    screen.press("C-a", "C-k")
    screen.type("./it")
    screen.press("Tab", "Tab")
    screen.until("\nit.d/")
    screen.until("\nit.sock")
    assert "it.text" not in screen.text()
    screen.type("sock")  # the dot is what they have in common
    screen.press("Enter")
    screen.until(program.words.prompt)
    screen.press("C-x", "1")


def unwrapped(screen: Screen) -> str:
    """What is shown, with each line of the buffer as one."""
    return screen.text().replace("\\\n", "")


def numbered(text: str) -> str:
    """The text with N for the numbers of Guile's values, which count what others evaluate, too."""
    return re.sub(r"^\$\d+ = ", "$N = ", text, flags=re.MULTILINE)


def until_numbered(screen: Screen, text: str) -> None:
    """Wait until the text is shown, as `numbered` has it."""
    screen.until_so(lambda: text in numbered(screen.text()), text)


def last_lines(screen: Screen, *lines: str) -> None:
    """Wait until these are the last lines above the mode line; blanks at their ends don't count."""

    def there() -> bool:
        shown = re.split(r"\n-UUU?:", numbered(screen.text()))[-2].rstrip().split("\n")
        return [line.rstrip() for line in shown[-len(lines) :]] == list(lines)

    screen.until_so(there, f"the last lines are {lines}")


def test_it_starts(open_screen: Callable[..., Screen]) -> None:
    screen = open_screen("a.scm", text="(define a 1)\n")
    screen.until("(define a 1)")
    screen.until("a.scm")
    assert screen.evaluate("(featurep 'repl-connect)") == "t"
    screen.type("; ")
    screen.until("; (define a 1)")
    assert screen.evaluate('(with-current-buffer "a.scm" (point))') == "3"


def test_a_guile_program_in_its_buffer(
    open_screen: Callable[..., Screen], guile_program: Program
) -> None:
    screen = open_screen("a.scm", text="(define a 1)\n", config=PATIENT)
    connect(screen, guile_program)
    screen.until("cooperative")
    screen.until("through a bridge.  ,help shows more.")

    screen.enter("(define (twice n)")
    last_lines(screen, "(guile-user)> (define (twice n)")
    screen.enter("(* n 2))")
    screen.enter("(list 'two (twice 21))")
    last_lines(
        screen,
        "(guile-user)> (define (twice n)",
        "                (* n 2))",
        "(guile-user)> (list 'two (twice 21))",
        "$N = (two 42)",
        "(guile-user)>",
    )
    screen.enter('(begin (display "said\\n") (display "part") (values 1 2))')
    until_numbered(screen, "\nsaid\npart\n$N = 1\n$N = 2\n(guile-user)>")
    screen.enter("(car 1)")
    screen.until("\nIn procedure car: Wrong type (expecting pair): 1\n")
    last_lines(screen, "  in car", "(guile-user)>")

    screen.type("(call-with-prom")
    screen.press("Tab")
    last_lines(screen, "(guile-user)> (call-with-prompt")
    screen.press("C-c", "C-u")
    screen.type("string-app")
    screen.press("Tab")
    last_lines(screen, "(guile-user)> string-append")
    screen.press("Tab")
    screen.until_line("string-append/shared", "function")
    screen.type(" ")
    screen.press("C-c", "C-u", "C-x", "1")
    screen.press("M-p")
    last_lines(screen, "(guile-user)> (car 1)")
    screen.press("M-p", "M-p", "M-p")
    last_lines(screen, "(guile-user)> (define (twice n)", "                (* n 2))")
    screen.press("M-n")
    last_lines(screen, "(guile-user)> (list 'two (twice 21))")
    screen.press("C-c", "C-u")

    screen.enter('(begin (display "going\\n") (let loop () (loop)))')
    screen.until("\ngoing\n")
    screen.until_line("it.sock*", "REPL:running")
    screen.press("C-c", "C-c")
    screen.until("\n; interrupted")
    last_lines(screen, "(guile-user)>")

    screen.enter("(use-modules (ice-9 rdelim))")
    screen.enter("(read-line)")
    screen.until("\ninput>")
    screen.until_line("it.sock*", "REPL:waits for input")
    screen.enter("an answer")
    until_numbered(screen, '\ninput> an answer\n$N = "an answer"\n')
    screen.enter("(list 'end (read-line))")
    screen.until("(list 'end (read-line))\ninput>")
    screen.press("C-d")
    until_numbered(screen, "\ninput> (end of input)\n$N = (end #<eof>)\n")
    screen.enter("(list 'cancelled (read-line))")
    screen.until("(list 'cancelled (read-line))\ninput>")
    screen.press("C-c", "C-c")
    screen.until("(list 'cancelled (read-line))\n; interrupted")

    screen.press("C-c", "M-o")
    screen.enter("(make-string 20000 #\\x)")
    button = r"\n\[… 10,0\d\d more characters\]\n\(guile-user\)>"  # the name counts, too
    screen.until_so(lambda: re.search(button, screen.text()) is not None, button)
    assert "the rest of this line" not in screen.text()
    screen.press("C-p", "Enter")
    screen.until("*repl value*")
    screen.until('\n"xxxx')
    screen.press("C-x", "1", "q")
    screen.until_line("it.sock*")
    screen.press("M->")
    screen.enter(",help")
    screen.until_line(",load FILE", "evaluate a whole file of this machine")
    screen.until_line("*repl help*")


def test_python_from_a_source_buffer(
    open_screen: Callable[..., Screen], python_server: Program
) -> None:
    screen = open_screen("a.py", text=PYTHON)
    connect(screen, python_server)
    screen.press("C-x", "b")
    screen.enter("a.py")
    screen.run("repl-connect-mode")
    screen.until_line("a.py", "REPL[it.sock]")

    screen.press("M-<", "C-e", "C-x", "C-e")
    screen.until_line("x = 40 done, no value")
    screen.press("C-n", "C-e", "C-x", "C-e")
    screen.until("\nx + 2 => 42\n")
    screen.until("\n=> 42")  # the echo area's
    screen.press("C-n", "C-e", "C-x", "C-e")
    screen.until("\n1 / 0 ZeroDivisionError: division by zero\n")
    screen.until("\nx + 2\n")  # the next command takes it away

    screen.press("C-n", "C-e", "C-c", "C-z")
    screen.until_line("it.sock*", "(REPL ElDoc)")
    screen.press("C-c", "C-z", "C-x", "C-e")
    screen.until("(C-d: no more): who?")
    screen.until_line("a.py", "REPL[it.sock: running]")
    screen.until_line("it.sock*", "(REPL:running")
    screen.enter("somebody")
    screen.until_line("it.sock*", "(REPL ElDoc)")
    screen.until_line("""input("who? ") => 'somebody'""")

    screen.press("C-c", "C-k")
    screen.until("\n1 / 0 ZeroDivisionError: division by zero\n")
    screen.press("C-c", "C-z")
    screen.until_line('a.py", line 3, in <module>')
    last_lines(screen, "ZeroDivisionError: division by zero", "__main__>")
    screen.until_line("it.sock*", "(REPL ElDoc)")
    screen.type("x")
    last_lines(screen, "__main__> x")
    screen.press("C-c", "C-z")
    screen.press("C-x", "1")
    screen.until_line("a.py", "REPL[it.sock]")
    assert screen.evaluate("(buffer-name (window-buffer))") == '"a.py"'

    screen.press("M->")
    screen.enter("while True: pass")
    screen.press("C-p", "C-e", "C-x", "C-e")
    screen.until_line("while True: pass …")
    screen.press("C-c", "C-b")
    screen.until_line("while True: pass interrupted")


def test_a_flood_and_a_loss_while_something_is_typed(
    open_screen: Callable[..., Screen], start_program: Callable[..., Program]
) -> None:
    program = start_program()
    screen = open_screen()
    connect(screen, program)
    screen.until_line("; Python", "repl-server")

    screen.enter("while True: print(7 * 'flood ')")
    screen.press("Enter")
    screen.until("\nflood flood flood")
    screen.type("'ty' + ")
    last_lines(screen, "__main__> 'ty' +")
    screen.until_line("it.sock*", "REPL:running")
    screen.type("'ped'")
    last_lines(screen, "__main__> 'ty' + 'ped'")
    screen.press("C-c", "C-c")
    screen.until("; interrupted")
    last_lines(screen, "__main__> 'ty' + 'ped'")
    screen.press("Enter")
    screen.until("\n'typed'\n__main__>")

    screen.press("C-c", "M-o")
    screen.type("half = [1,")
    address = program.address
    program.stop()
    screen.until("; The connection was closed by the other side.")
    screen.until_line("it.sock*", "REPL:connecting again in")
    last_lines(screen, "half = [1,")
    screen.type(" 2]")
    screen.press("Enter")
    screen.until_so(lambda: "What is typed stays" in unwrapped(screen), "RET says so")
    last_lines(screen, "half = [1, 2]")
    start_program(address=address)
    screen.until("; A new session, without the last values of the old one: Python")
    last_lines(screen, "__main__> half = [1, 2]")
    screen.press("Enter")
    screen.enter("half + [3]")
    last_lines(screen, "__main__> half = [1, 2]", "__main__> half + [3]", "[1, 2, 3]", "__main__>")


def test_clojure(open_screen: Callable[..., Screen], clojure_nrepl: Program) -> None:
    screen = open_screen("a.clj", text=CLOJURE, config=PATIENT)
    screen.run("repl-connect", clojure_nrepl.address)
    screen.until_line("; Clojure", "Java")
    screen.until("directly")
    screen.until("user=>")
    screen.press("C-x", "1")
    screen.enter("(defn thrice [n]")
    screen.enter("(* n 3))")
    last_lines(
        screen,
        "user=> (defn thrice [n]",
        "         (* n 3))",
        "#'user/thrice",
        "user=>",
    )
    screen.enter('(do (println "said") (thrice 14))')
    screen.until("\nsaid\n42\nuser=>")
    screen.enter("(/ 1 0)")
    screen.until("Divide by zero")
    screen.type("(thri")
    screen.press("Tab")
    last_lines(screen, "user=> (thrice")
    screen.press("C-c", "C-u")
    screen.enter("(loop [] (recur))")
    screen.until("REPL:running")
    screen.press("C-c", "C-c")
    screen.until("; interrupted")
    screen.enter("(str :read (read-line))")
    screen.until("\ninput>")
    screen.enter("this")
    screen.until('\ninput> this\n":readthis"\n')

    screen.press("C-x", "b")
    screen.enter("a.clj")
    screen.run("repl-connect-mode")  # Emacs has no mode for Clojure of its own
    screen.until_line("a.clj", "REPL[")
    screen.press("M-<", "C-e", "C-x", "C-e", "C-n", "C-e", "C-x", "C-e")
    screen.until("\n(+ x 2) => 42\n")
    screen.press("C-n", "C-e", "C-x", "C-e")
    screen.until_line("(/ 1 0) ", "Divide by zero")
    screen.press("M->", "C-p", "C-M-x")
    screen.until_line("(* n 2)) => #'user/twice")
