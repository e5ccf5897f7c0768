"""Whole runs: train, measure, draw and export; sweeps; models that are trained first."""
