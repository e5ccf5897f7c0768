"""Metrics of trained models: one file per type of metric, a registry, and what runs them."""
