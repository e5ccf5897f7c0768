"""Rows in clusters, and what a mixture has learned from them."""

import numpy as np

from zoo import mixtures

KINDS = sorted(mixtures.COVARIANCES)
D, K = 4, 3


def clusters(rows=600, dim=D, count=K, seed=0):
    """Rows of clusters of different shapes, which overlap a little."""
    rng = np.random.default_rng(seed)
    each = [
        rng.normal(size=(rows // count, dim)) @ rng.normal(size=(dim, dim))
        + 3 * rng.normal(size=dim)
        for _ in range(count)
    ]
    return np.concatenate(each).astype(np.float32)


def parameters(model):
    spread = model.components.shapes()
    return [v.numpy() for v in [model.mixing, model.components.loc(), *spread]]
