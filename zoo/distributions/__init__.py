"""Distributions of models, built from network outputs at each call."""
