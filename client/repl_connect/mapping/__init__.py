"""One form in many programs at once, and work dealt out to them item by item."""
