"""What all figures share: batch size, seed and numbers of samples."""

from collections.abc import Callable

import numpy as np

BATCH_SIZE = 500
# Of binarised or dequantised test images, and of all codes that are drawn.
SEED = 20140620
# Samples that are compared with as many test images, and samples for the conditional accuracy.
SAMPLES = 10_000
# Training images among which the nearest one to a sample is looked for.
NEIGHBOURS = 60_000


def in_batches(function: Callable, *rows: np.ndarray) -> np.ndarray:
    """Returns a function's answers to rows [N, ...], given to it BATCH_SIZE at a time, [N, ...]."""
    starts = range(0, len(rows[0]), BATCH_SIZE)
    parts = [function(*(a[start : start + BATCH_SIZE] for a in rows)) for start in starts]
    return np.concatenate([np.asarray(part) for part in parts])
