"""Exports on disk: their files, names, versions and inputs, and where they are looked for."""
