"""Swank, SLIME's protocol, natively: packets of s-expressions, and Lisp's restarts."""
