"""The merged log: numbers, bounds, lines that come in parts, fairness."""

from __future__ import annotations

from repl_connect.dashboard.observing.log import LINES, LONGEST_LINE, Log


def texts(log: Log, **how: int | str) -> list[str]:
    return [line.text for line in log.lines(**how)]  # type: ignore[arg-type]


def test_lines_are_numbered_over_all_targets_and_found_by_number_and_target() -> None:
    log = Log()
    log.print("@a", "out", "one\ntwo\n")
    log.print("@b", "err", "three\n")
    log.print("@a", "out", "four\n")
    assert [(line.number, line.target, line.stream, line.text) for line in log.lines()] == [
        (1, "@a", "out", "one"),
        (2, "@a", "out", "two"),
        (3, "@b", "err", "three"),
        (4, "@a", "out", "four"),
    ]
    assert texts(log, after=1) == ["two", "three", "four"]
    assert texts(log, after=1, target="@a") == ["two", "four"]
    assert texts(log, limit=2) == ["three", "four"]
    assert texts(log, target="@a", limit=2) == ["two", "four"]
    assert (texts(log, after=log.last), texts(log, limit=0)) == ([], [])
    assert texts(log, target="@nobody") == []


def test_a_line_that_comes_in_parts_is_one_line() -> None:
    log = Log()
    for part in ("be", "gin", "ning\nand ", "end\n"):
        log.print("@a", "out", part)
        log.print("@a", "err", "x")
    assert texts(log) == ["beginning", "and end"]


def test_what_has_no_end_is_shown_before_a_note_and_when_the_connection_ends() -> None:
    log = Log()
    log.print("@a", "out", "name? ")
    log.note("@a", "Disconnected.")
    log.print("@a", "out", "half")
    log.forget_streams("@a")
    assert texts(log) == ["name? ", "Disconnected.", "half"]


def test_long_lines_are_cut_and_say_how_much_was() -> None:
    log = Log()
    log.print("@a", "out", "x" * 5000 + "\nshort\n")
    for _ in range(100):
        log.print("@a", "out", "y" * 1000)
    log.print("@a", "out", "\n")
    whole, short, parts = texts(log)
    assert whole == "x" * LONGEST_LINE + "… (3,000 more characters were not kept)"
    assert short == "short"
    assert parts == "y" * LONGEST_LINE + "… (98,000 more characters were not kept)"


def test_nothing_in_it_obeys_the_other_side() -> None:
    log = Log()
    log.print("@a", "out", "\x1b[31mred\x1b[0m\x07\x1b]0;title\x07 and \x1b[")
    log.print("@a", "out", "2Jno more\n")
    log.note("@a", "a\x1b[2J\nnote", stream="event")
    assert texts(log) == ["red^G and no more", "a^[[2J note"]


def test_who_prints_without_end_drives_out_only_its_own_lines() -> None:
    log = Log()
    log.print("@quiet", "out", "kept\n")
    for count in range(30):
        log.print("@loud", "out", "".join(f"{count} {line}\n" for line in range(1000)))
    log.print("@quiet", "out", "too\n")
    assert texts(log, target="@quiet") == ["kept", "too"]
    assert len(log.lines()) == LINES
    assert log.dropped == 30_002 - LINES == log.last - LINES
    assert texts(log, target="@loud")[-1] == "29 999"


def test_those_who_print_alike_have_alike_many_lines() -> None:
    log = Log()
    for _ in range(100):
        for name in ("@a", "@b", "@c", "@d"):
            log.print(name, "out", "line\n" * 777)
    counts = [len(log.lines(target=name)) for name in ("@a", "@b", "@c", "@d")]
    assert sum(counts) == LINES
    assert max(counts) - min(counts) <= 200


def test_more_lines_at_once_than_are_kept() -> None:
    log = Log()
    log.print("@a", "out", "\n".join(str(line) for line in range(50_000)) + "\n")
    assert (log.last, log.dropped) == (50_000, 40_000)
    assert log.lines()[0][0] == 40_001
    assert texts(log, limit=1) == ["49999"]


def test_an_excerpt_stays_as_it_was_while_the_log_drops_lines() -> None:
    log = Log()
    log.print("@a", "out", "one\ntwo\n")
    log.print("@b", "out", "three\n")
    log.print("@a", "out", "four\n")
    before, some = log.excerpt(), log.excerpt("@a", after=1)
    log.print("@a", "out", "more\n" * 2 * LINES)
    assert [line.text for line in before] == ["one", "two", "three", "four"]
    assert [line.number for line in some] == [2, 4]
    assert [some.index_from(number) for number in (1, 2, 3, 4, 5)] == [0, 0, 1, 1, 2]
    assert [line.text for line in before.containing("T")] == ["two", "three"]
    after = log.excerpt()
    assert (len(after), after[-1].number, after.longest) == (LINES, log.last, 5)
    assert [after[after.index_from(line.number)] for line in after[-3:]] == after[-3:]
