"""Colours, and how the screen is drawn."""
