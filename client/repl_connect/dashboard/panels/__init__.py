"""The dashboard's panels: each shows one kind of thing of all targets, and is told what changed."""
