"""Applies a function to many rows, batch by batch."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tqdm

from zoo.evaluation.protocol import BATCH_SIZE, SEED


def map_arrays(function: Callable, *rows: np.ndarray, progress: str = "") -> np.ndarray:
    """Returns the outputs of a function for arrays [N, ...], as one array [N, ...].

    Args:
      function: maps arrays [B, ...] to an array [B, ...].
      *rows: its arguments for all rows.
      progress: what a progress bar says; none if empty.
    """
    parts = []
    with tqdm.tqdm(total=len(rows[0]), unit="row", desc=progress, disable=not progress) as bar:
        for start in range(0, len(rows[0]), BATCH_SIZE):
            batch = [a[start : start + BATCH_SIZE] for a in rows]
            parts.append(np.asarray(function(*batch)))
            bar.update(len(batch[0]))
    return np.concatenate(parts)


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
