"""Expectation maximisation on rows that fit into memory."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import data, seeds
from zoo.errors import UserError
from zoo.mixtures.mixture import Mixture
from zoo.mixtures.starts import start


class Fit(NamedTuple):
    """A mixture, and the mean log-likelihood in nats that it reached on its rows."""

    mixture: Mixture
    log_likelihood: float


def iterate_until_converged(
    mixture: Mixture,
    x: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 100,
    seed: int = 0,
) -> float:
    """Goes on from the parameters that a mixture has; returns the mean log-likelihood in nats.

    Args:
      mixture: to be fitted, after `start` or `assign`.
      x: rows [N, D].
      weight: of each [N]; 1 if None.
      tolerance: it ends when an iteration adds less than this to the mean log-likelihood.
      max_iterations: largest number of iterations.
      seed: draws the means of components that became empty.
    """
    weight = np.ones(len(x)) if weight is None else np.asarray(weight, np.float64)
    rows, weights = tf.constant(x), tf.constant(weight)
    step = tf.function(
        lambda i: mixture.iterate(rows, weights, seeds.stream(seed, seeds.Stream.MODEL, i))
    )
    reached = -np.inf
    for i in range(max_iterations):
        last, reached = reached, float(step(tf.constant(i))) / float(weight.sum())
        if reached - last < tolerance:
            break
    return reached


def fit(
    x,
    num_components: int,
    covariance: str = "full",
    *,
    weight=None,
    rank: int = 10,
    reg_covar: float = 1e-6,
    precision: str = "float32",
    method: str = "kmeans++",
    num_starts: int = 1,
    tolerance: float = 1e-4,
    max_iterations: int = 100,
    seed: int = 0,
) -> Fit:
    """Fits a mixture to rows.

    Args:
      x: rows [N, D]; float64 if float32 would lose their spread.
      num_components: K.
      covariance: one of COVARIANCES.
      weight: of each row [N]; 1 if None.
      rank, reg_covar, precision: see `Mixture`.
      method, num_starts: see `start`.
      tolerance, max_iterations: see `iterate_until_converged`.
      seed: of the starts.

    Raises:
      UserError: for names that are none, fewer rows than components, or other x than rows of finite
        numbers.
    """
    rows = data.InMemory(x, weight=weight)
    if rows.x.ndim != 2:
        raise UserError(
            f"Rows must have shape [N, D], got {rows.x.shape}; of images: "
            "x.reshape(len(x), -1) / 255."
        )
    x, weight = rows.x, np.ones(rows.size) if weight is None else rows.weight
    mixture = Mixture(num_components, x.shape[1], covariance, rank, reg_covar, precision)
    start(mixture, x, weight, method=method, num_starts=num_starts, seed=seed)
    reached = iterate_until_converged(
        mixture, x, weight, tolerance=tolerance, max_iterations=max_iterations, seed=seed
    )
    return Fit(mixture, reached)
