"""Pictures of a codebook: what images look like where a token stands."""

import numpy as np

# Pixels around a token's own, in its own sides: what surrounds it decides about it, too.
AROUND = 1


def mean_patches(x: np.ndarray, tokens: np.ndarray, num_tokens: int) -> tuple[np.ndarray, ...]:
    """Returns the mean surroundings of each token, and how often it occurs.

    Args:
      x: images [N, H, W, C].
      tokens: their tokens [N, h, w], H and W multiples of h and w.
      num_tokens: number of different tokens, K.

    Returns:
      Patches [K, 3 H / h, 3 W / w, C], grey where a token does not occur; counts [K].
    """
    height, width, channels = x.shape[1:]
    rows, columns = tokens.shape[1:]
    down, right = height // rows, width // columns
    padding = [(0, 0), (AROUND * down,) * 2, (AROUND * right,) * 2, (0, 0)]
    padded = np.pad(x, padding, mode="edge")
    size = (2 * AROUND + 1) * down, (2 * AROUND + 1) * right
    sums = np.zeros((num_tokens, *size, channels))
    for i in range(rows):
        for j in range(columns):
            top, left = i * down, j * right
            patches = padded[:, top : top + size[0], left : left + size[1]]
            np.add.at(sums, tokens[:, i, j], patches)
    counts = np.bincount(tokens.ravel(), minlength=num_tokens)
    means = sums / np.maximum(counts, 1)[:, None, None, None]
    means[counts == 0] = 0.5
    return means.astype(np.float32), counts


def by_use(x: np.ndarray, tokens: np.ndarray, num_tokens: int) -> np.ndarray:
    """Returns the patches of `mean_patches`, those of the most frequent tokens first."""
    means, counts = mean_patches(x, tokens, num_tokens)
    return means[np.argsort(-counts, kind="stable")]


def replace_tokens(
    tokens: np.ndarray, count: int, num_tokens: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns grids of tokens with `count` of each, or all, replaced by random ones.

    Args:
      tokens: [N, h, w].
      count: number of places to replace, drawn for each grid.
      num_tokens: number of different tokens.
      rng: source of the random numbers.
    """
    rows = tokens.reshape(len(tokens), -1).copy()
    for row in rows:
        places = rng.permutation(row.size)[:count]
        row[places] = rng.integers(0, num_tokens, len(places))
    return rows.reshape(tokens.shape)
