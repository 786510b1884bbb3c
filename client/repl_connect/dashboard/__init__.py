"""The dashboard: many programs seen and commanded at once, on one screen.

`observing` is what it knows of them, and needs no terminal; the app, its screens and its panels
show that.
"""
