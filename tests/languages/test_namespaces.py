"""Which namespace a file's text says its code is in, and what its path says; `|` is the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages.cursor import unmarked
from languages.test_any_text import pieces

from repl_connect.languages import FILETYPES, LANGUAGES, language_named, language_of_filetype

GUILE = [
    ("(define-module (game physics)\n  #:use-module (ice-9 match))\n\n(a|)", "(game physics)"),
    ("(define-module (game\n   physics))|", "(game physics)"),
    ("|(define-module (a))\n(b)", None),
    ("(define-module (a)\n  #:use-module (|b))", None),
    ("(define-module (a))\n(define-module (b))\n|", "(b)"),
    ("(define-module (a))\n(x|)\n(define-module (b))\n", "(a)"),
    ("(define-module (a))\n#;(define-module (b))\n|", "(a)"),
    ("(define-module (a))\n; (define-module (b))\n|", "(a)"),
    ("(define-module (a))\n#|\n(define-module (b))\n|#\n^", "(a)"),
    ('(define-module (a))\n"\n(define-module (b))\n"\n|', "(a)"),
    ("(define-module (a))\n(f '(define-module (b)))\n|", "(a)"),
    ("#!/usr/bin/guile\n!#\n(define-module (a))\n|", "(a)"),
    ("(define-module (a))\n(define (f)\n  (g \n(h |", "(a)"),
    ("(define (f\n(define-module (a))\n(h |", "(a)"),
    ("(define-library (a b)\n  (begin\n    (define x |1)))", "(a b)"),
    ("(define-library (a b)\n  (begin\n    (define x 1)))\n|", None),
    ("(library (a b (1 0))\n  (export x) (|))", "(a b)"),
    ("(define-module \n|", None),
    ("(define-modules (a))\n|", None),
    ("", None),
]
CLOJURE = [
    ("(ns foo.bar)\n(a|)", "foo.bar"),
    ("; first\n(ns foo.bar\n  (:require [a.b :as c]))\n|", "foo.bar"),
    ('(ns ^{:doc "the (ns x)"} foo.bar "text")\n|', "foo.bar"),
    ("(ns ^:no-doc ^{:a 1}\n  foo.bar)\n|", "foo.bar"),
    ("(ns #_old foo.bar)\n|", "foo.bar"),
    ('(ns foo.bar\n  "A text:\n(ns of) text"\n  (:require [a]))\n|', "foo.bar"),
    ("#_(ns a)\n(x|)", None),
    ("#_ (ns a)\n(x|)", None),
    ("(ns a)\n(in-ns 'b.c)\n(x|)", "b.c"),
    ("(ns a)\n(comment\n  (in-ns 'b))\n(x|)", "a"),
    ("(ns a)\n(nses b)\n(x|)", "a"),
    ("(ns foo.bar (:require |", None),
    ("(ns)\n|", None),
]
COMMON_LISP = [
    ("(in-package :foo)\n(a|)", "FOO"),
    ("(in-package #:foo-bar)\n|", "FOO-BAR"),
    ('(in-package "Foo")\n|', "Foo"),
    ("(in-package foo)\n|", "FOO"),
    ("(in-package 'foo)\n|", "FOO"),
    ("(IN-PACKAGE :FOO)\n|", "FOO"),
    ("(cl:in-package |Foo|)\n^", "Foo"),
    ("(in-package :|a b|)\n^", "a b"),
    ("(in-package a::b)\n|", "B"),
    ("(defpackage :foo (:use :cl))\n|", None),
    ("(in-package :a)\n(x)\n(in-package :b)\n(y|)\n(in-package :c)", "B"),
    ("(in-package :a)\n(x|)\n(in-package :b)\n(y)", "A"),
    ("(in-package :a)\n;; (in-package :b)\n|", "A"),
    ("(in-package :a)\n#|\n(in-package :b)\n|#\n^", "A"),
    ('(in-package :a)\n(defun f () "\n(in-package :b)\n")\n|', "A"),
    ("(in-package :a)\n(defun f ()\n  (in-package :b))\n|", "A"),
    ("(eval-when (:compile-toplevel :execute)\n  (in-package :a))\n|", "A"),
    ("(in-package :a)\n(defun f (x\n\n(in-package :b)\n(g |", "B"),
    ("(in-package (f))\n|", None),
]
CASES = [
    *(("guile", *case) for case in GUILE),
    *((name, *case) for name in ("clojure", "basilisp") for case in CLOJURE),
    *((name, *case) for name in ("sbcl", "common-lisp") for case in COMMON_LISP),
    ("python", "import a\nb|", None),
    ("racket", "#lang racket\n(a|)", None),
    ("scheme", "(define-module (a))\n|", None),
    ("node", "a|", None),
    ("text", "(ns a)\n|", None),
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_the_namespace_of_a_position(language: str, text: str, expected: str | None) -> None:
    if "^" in text[-1:]:  # bars are text there
        text, position = text[:-1], len(text) - 1
    elif text:
        text, position = unmarked(text)
    else:
        position = 0
    assert language_named(language).namespace_at(text, position) == expected


declarations = st.sampled_from(["(in-package ", "\n(ns ", "(define-module ", "(define-library (a"])


@pytest.mark.parametrize("name", [*LANGUAGES, "text"])
@given(
    text=st.lists(st.one_of(pieces, declarations), max_size=25).map("".join),
    position=st.integers(0, 60),
)
def test_any_text_says_something_or_nothing(name: str, text: str, position: int) -> None:
    found = language_named(name).namespace_at(text, min(position, len(text)))
    assert found is None or found in text.upper() or found.strip("()").split()[0] in text


def test_what_is_typed_below_does_not_make_it_read_anew() -> None:
    from repl_connect.languages.lisp_structure import read

    text = "(ns foo.bar)\n\n" + "(defn f [x] (inc x))\n" * 10
    language = language_named("clojure")
    language.namespace_at(text, len(text))
    before = read.cache_info().misses
    for typed in ("(", "(a", "(a)"):
        assert language.namespace_at(text + typed, len(text)) == "foo.bar"
    assert read.cache_info().misses == before


@pytest.mark.parametrize(
    ("language", "path", "expected"),
    [
        ("python", "/srv/game/physics.py", ("srv.game.physics", "game.physics", "physics")),
        ("python", "/srv/game/__init__.py", ("srv.game", "game")),
        ("python", "/my-app/src/a.py", ("src.a", "a")),
        ("python", "/app/my-script.py", ()),
        ("python", "/app/script", ()),
        ("python", "a.py", ("a",)),
        ("racket", '/a "b"/c.rkt', ('"/a \\"b\\"/c.rkt"',)),
        ("racket", "/a/c.txt", ()),
        ("guile", "/a/b.scm", ()),
        ("text", "/a/b.py", ()),
    ],
)
def test_what_a_path_says(language: str, path: str, expected: tuple[str, ...]) -> None:
    assert language_named(language).namespaces_of_path(path) == expected


@pytest.mark.parametrize(
    ("filetype", "expected"),
    [
        ("python", "python"),
        ("lisp", "common-lisp"),
        ("scheme", "guile"),
        ("scheme.guile", "guile"),
        ("javascript.jsx", "javascript"),
        ("", None),
        ("markdown", None),
    ],
)
def test_the_language_of_a_filetype(filetype: str, expected: str | None) -> None:
    assert language_of_filetype(filetype) == expected


def test_every_filetype_stands_for_a_language_there_is() -> None:
    assert set(FILETYPES.values()) <= set(LANGUAGES)
