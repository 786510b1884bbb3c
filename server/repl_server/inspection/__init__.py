"""What a program's names are: completion and lookup, without running any of its code."""
