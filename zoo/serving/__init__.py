"""Exports models, loads them, and calls them in this process or on a server."""
