"""Grids of images, scatter plots, and the pictures that scripts and runs write."""
