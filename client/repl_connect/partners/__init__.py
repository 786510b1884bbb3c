"""Partners: programs that have a name in the configuration."""
