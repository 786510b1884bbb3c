"""Python behind the dispatcher: code run and interrupted, its output and input, its values."""
