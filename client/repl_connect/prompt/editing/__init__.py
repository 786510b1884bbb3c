"""Keys and what they do to the line that is typed."""
