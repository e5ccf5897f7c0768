"""Where EM starts: means by k-means++, k-means or at random rows, from a sample of the data."""

import numpy as np
import sklearn.cluster
import tensorflow as tf

from zoo import data, seeds
from zoo.errors import UserError

# Rows that a start is made of, and on which several starts are compared.
ROWS = 20_000
# Iterations of EM after which they are.
ITERATIONS = 10


def start(model, split: data.Split) -> None:
    """Gives a mixture its first parameters.

    Of several starts (`num_starts`) a few iterations of EM on the sample tell which to go on with:
    Biernacki, Celeux and Govaert 2003 (Computational Statistics and Data Analysis 41).

    Raises:
      UserError: for fewer rows than components.
    """
    config = model.config
    x, weight = _sample(model, split)
    if len(x) < config.num_components:
        raise UserError(
            f"num_components={config.num_components} with {len(x)} rows of a weight above 0: each "
            f"component needs one, choose --config.num_components={len(x)} or less."
        )
    # A median, which a row far out does not move.
    model.components.center.assign(np.median(x, 0))
    best, best_state = -np.inf, None
    step = tf.function(lambda batch: iterate(model, batch))
    for i in range(config.num_starts):
        # Other starts for another seed of the run, all of them.
        _start_once(model, x, weight, seeds.integer(config.seed, seeds.Stream.STARTS, i))
        if config.num_starts == 1:
            return
        for _ in range(ITERATIONS):
            reached = float(step({"x": x, "weight": weight}))
        if reached > best:
            best, best_state = reached, [v.numpy() for v in model.served_variables()]
    for variable, value in zip(model.served_variables(), best_state, strict=True):
        variable.assign(value)


def check_parameters(mixing, means, covariances, count: int, dim: int):
    """Returns the parameters of a mixture as float64 arrays.

    Raises:
      UserError: for other shapes than [K], [K, D] and [K or 1, D, D], mixing weights that are
        negative or all 0, or covariances that are not symmetric and positive definite.
    """
    mixing, means, covariances = (np.asarray(a, np.float64) for a in (mixing, means, covariances))
    expected = {"mixing": [(count,)], "means": [(count, dim)]}
    expected["covariances"] = [(count, dim, dim), (1, dim, dim)]
    given = {"mixing": mixing, "means": means, "covariances": covariances}
    for name, array in given.items():
        if array.shape not in expected[name]:
            shapes = " or ".join(map(str, dict.fromkeys(expected[name])))
            raise UserError(f"{name} is expected of shape {shapes}, got {array.shape}.")
        if not np.all(np.isfinite(array)):
            raise UserError(f"{name} has values that are NaN or infinite.")
    if np.any(mixing < 0) or not mixing.sum() > 0:
        raise UserError(f"mixing has weights of 0 or more, not all 0; got {mixing.tolist()}.")
    for k, covariance in enumerate(covariances):
        if not np.allclose(covariance, covariance.T, rtol=1e-5, atol=0):
            raise UserError(f"covariances[{k}] is not symmetric.")
        lowest = np.linalg.eigvalsh(covariance)[0]
        if not lowest > 0:
            raise UserError(
                f"covariances[{k}] is no covariance: its lowest eigenvalue is {lowest:.3g}, "
                "expected above 0. Variances belong on its diagonal."
            )
    return mixing, means, covariances


def iterate(model, batch) -> tf.Tensor:
    """Returns the log-likelihood of a batch before one iteration of EM on it."""
    sums = model.expect(batch)
    model.maximize(model.components.of_rows(sums))
    return sums["log_likelihood"]


def _start_once(model, x, weight, seed):
    """Means as the config says; one covariance for all, that of the rows around their means."""
    count = model.config.num_components
    if model.config.start == "random":
        rows = np.random.default_rng(seed).choice(len(x), count, replace=False)
        means = x[rows]
    elif model.config.start == "kmeans++":
        means, _ = sklearn.cluster.kmeans_plusplus(
            x, count, sample_weight=weight, random_state=seed
        )
    else:
        found = sklearn.cluster.KMeans(count, n_init=1, random_state=seed).fit(x, None, weight)
        means = found.cluster_centers_
    nearest = sklearn.metrics.pairwise_distances_argmin(x, means)
    rest = x - means[nearest]
    covariance = (rest.T * weight) @ rest / weight.sum()
    covariance += model.config.reg_covar * np.eye(model.dim)
    mixing = np.bincount(nearest, weight, count) + 1e-3 * weight.sum() / count
    model.mixing.assign(mixing / mixing.sum())
    model.components.assign(means, covariance[None])


def _sample(model, split):
    """Rows [N, D] and their weights, float64, those of weight 0 left out."""
    batch_size = min(split.size, 1000)
    seed = seeds.stream(model.config.seed, seeds.Stream.FIXED_PIXELS)
    x, weight = [], []
    batches = split.epoch(model.config.seed, 0, 0, batch_size, every_row=True)
    for batch in batches.take(-(-ROWS // batch_size)):
        batch = data.to_float(batch, model.config.pixels, seed)
        x.append(model.rows(batch["x"]).numpy())
        weight.append(batch["weight"].numpy())
    x, weight = np.concatenate(x).astype(np.float64), np.concatenate(weight).astype(np.float64)
    return x[weight > 0], weight[weight > 0]
