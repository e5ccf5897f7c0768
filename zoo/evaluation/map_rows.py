"""Applies a function to many rows, batch by batch."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from zoo.evaluation.protocol import BATCH_SIZE, SEED


def map_arrays(function: Callable, *rows: np.ndarray) -> np.ndarray:
    """Returns the outputs of a function for arrays [N, ...], as one array [N, ...]."""
    starts = range(0, len(rows[0]), BATCH_SIZE)
    parts = [function(*(a[start : start + BATCH_SIZE] for a in rows)) for start in starts]
    return np.concatenate([np.asarray(part) for part in parts])


def map_split(function: Callable, split, pixels: str, seed: int = SEED):
    """Returns the outputs of a function for all rows of a split.

    Args:
      function: maps a batch {"x": [B, ...], "y": [B]} to an array [B, ...], or a dict of them.
      split: a zoo.data.Split.
      pixels: how images become floats, as in `config.pixels`.
      seed: of the noise of pixels.

    Returns:
      An array [N, ...], or a dict of them.
    """
    parts = [function(batch) for batch in split.batches(BATCH_SIZE, pixels, seed)]
    return tf.nest.map_structure(lambda *a: np.concatenate([np.asarray(p) for p in a]), *parts)
