"""Clojure's own nREPL, which nothing is adapted for: what the others are measured against."""

from __future__ import annotations

from pathlib import Path

from adapters.subject import FEATURES, Phrases, Process, Subject, free_port

__all__ = ["CLASS_PATH", "JAVA", "PHRASES", "SUBJECTS"]

PHRASES = Phrases(
    sum="(+ 40 2)",
    forty_two="42",
    forms='(def a 1)\n(+ a 1)\n"two"',
    values=("#'user/a", "2", '"two"'),
    define="(def answer 7)",
    read="answer",
    print='(do (print "hel") (println "lo"))',
    slow='(do (println (str "go" "ing")) (loop [] (recur)))',
    warn='(binding [*out* *err*] (println (str "bew" "are")))',
    fail="(defn broken [] (/ 1 0)) (broken)",
    error="Divide by zero",
    unbalanced="(+ 1",
    text='"schön ✓ 🐍"',
    shown_text='"schön ✓ 🐍"',
    megabyte="(dotimes [_ 20000] (println (apply str (repeat 51 \\x))))",
    ask="(read-line)",
    blue='"blue"',
    elsewhere=("clojure.string", "(if (fn? blank?) 42 0)"),
    enter="(in-ns 'clojure.string)",
    missing="no.such.namespace",
    file="; a file\n\n(defn broken []\n  (/ 1 0))\n(broken)\n",
    begun="hash-ma",
    completed="hash-map",
    documented="map",
    documentation="Returns a lazy sequence",
)

_SHARE = "/usr/share/java"
CLASS_PATH = f"{_SHARE}/clojure.jar:{_SHARE}/spec.alpha.jar:{_SHARE}/core.specs.alpha.jar"
# Less is compiled to machine code: a server that lives for seconds starts in half the time.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def _start(directory: Path) -> Process:
    port = free_port()
    return Process(
        [
            *JAVA,
            "-cp",
            f"{CLASS_PATH}:{_SHARE}/nrepl.jar",
            "clojure.main",
            "-e",
            "(require 'nrepl.server)"
            f'(nrepl.server/start-server :bind "127.0.0.1" :port {port}) @(promise)',
        ],
        f"127.0.0.1:{port}",
        directory=directory,
    )


SUBJECTS = (
    Subject(
        name="Clojure, nREPL",
        dialect="nrepl",
        greeting="",
        needs=("java", f"{_SHARE}/clojure.jar", f"{_SHARE}/nrepl.jar"),
        start=_start,
        phrases=PHRASES,
        supports=frozenset(FEATURES) - {"frames"},
    ),
)
