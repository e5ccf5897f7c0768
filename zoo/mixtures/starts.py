"""Where EM starts: means by k-means++, k-means or at random rows, from a sample of the data."""

import numpy as np
import sklearn.cluster
import sklearn.metrics
import tensorflow as tf

from zoo import seeds
from zoo.errors import UserError
from zoo.mixtures.mixture import Mixture

METHODS = ("kmeans++", "kmeans", "random")
# Iterations of EM after which several starts are compared.
ITERATIONS = 10


def start(
    mixture: Mixture,
    x: np.ndarray,
    weight: np.ndarray,
    *,
    method: str = "kmeans++",
    num_starts: int = 1,
    seed: int = 0,
) -> None:
    """Gives a mixture its first parameters.

    Of several starts a few iterations of EM on the rows tell which to go on with: Biernacki, Celeux
    and Govaert 2003 (Computational Statistics and Data Analysis 41).

    Args:
      mixture: to be started.
      x: rows [N, D].
      weight: of each [N]; rows of weight 0 count for nothing.
      method: of the first means, one of METHODS.
      num_starts: how many are compared.
      seed: of all of them.

    Raises:
      UserError: for another method, or fewer rows than components.
    """
    if method not in METHODS:
        raise UserError(
            f"{method!r} is not a known start of EM: choose one of {', '.join(METHODS)}."
        )
    x, weight = (np.asarray(rows, np.float64)[weight > 0] for rows in (x, weight))
    if len(x) < mixture.num_components:
        raise UserError(
            f"num_components={mixture.num_components} with {len(x)} rows of a weight above 0: each "
            f"component needs one, choose num_components={len(x)} or less."
        )
    # A median, which a row far out does not move.
    mixture.components.center.assign(np.median(x, 0))
    best, best_parameters = -np.inf, []
    step = tf.function(lambda: mixture.iterate(x, weight, seeds.root(seed)))
    for i in range(num_starts):
        _start_once(mixture, x, weight, method, seeds.integer(seed, seeds.Stream.STARTS, i))
        if num_starts == 1:
            return
        for _ in range(ITERATIONS):
            reached = float(step())
        if reached > best:
            best, best_parameters = reached, [v.numpy() for v in mixture.parameters()]
    for variable, value in zip(mixture.parameters(), best_parameters, strict=True):
        variable.assign(value)


def _start_once(mixture, x, weight, method, seed):
    """Means by the method; one covariance for all, that of the rows around their means."""
    count = mixture.num_components
    if method == "random":
        means = x[np.random.default_rng(seed).choice(len(x), count, replace=False)]
    elif method == "kmeans++":
        means, _ = sklearn.cluster.kmeans_plusplus(
            x, count, sample_weight=weight, random_state=seed
        )
    else:
        found = sklearn.cluster.KMeans(count, n_init=1, random_state=seed).fit(x, None, weight)
        means = found.cluster_centers_
    nearest = sklearn.metrics.pairwise_distances_argmin(x, means)
    rest = x - means[nearest]
    covariance = (rest.T * weight) @ rest / weight.sum()
    covariance += mixture.reg_covar * np.eye(mixture.dim)
    mixing = np.bincount(nearest, weight, count) + 1e-3 * weight.sum() / count
    mixture.mixing.assign(mixing / mixing.sum())
    mixture.components.assign(means, covariance[None])
