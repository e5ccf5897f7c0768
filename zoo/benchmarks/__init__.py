"""Benchmarks: speed as a ratio to named peers, measured in one run."""
