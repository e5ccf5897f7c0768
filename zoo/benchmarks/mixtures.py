"""Seconds per iteration of EM, and memory: the zoo's `gmm` against scikit-learn.

Both start from the same parameters and fit full covariances to the same float32 rows: images
projected to their first principal components.
"""

import statistics

import numpy as np
import sklearn.decomposition
import sklearn.mixture
import tensorflow as tf

from zoo import configs, data, models
from zoo.benchmarks.contenders import Contender, Peer
from zoo.configs.spec import Spec
from zoo.training import steps
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages

DIM, COMPONENTS, WARM_UP = 50, 50, 2


def project(split: data.InMemory, dim: int = DIM) -> np.ndarray:
    """Returns the first principal components [N, dim] of images in [0, 1], float32."""
    x = split.x.reshape(split.size, -1) / np.float32(255)
    pca = sklearn.decomposition.PCA(dim, svd_solver="covariance_eigh")
    return pca.fit_transform(x).astype(np.float32)


def start(x: np.ndarray, components: int = COMPONENTS):
    """Returns mixing [K], means [K, D] and one covariance [D, D] that both begin with."""
    means = x[np.random.default_rng(0).choice(len(x), components, replace=False)]
    return np.full(components, 1 / components), means.astype(np.float64), np.cov(x.T)


class Zoo(Peer):
    """An epoch of the zoo's loop, without evaluations and checkpoints."""

    name = "zoo"

    def __init__(self, x: np.ndarray, precision: str = "float32", num_components: int = COMPONENTS):
        mixing, means, covariance = start(x, num_components)
        self.strategy = strategies.create("default")
        self.config = configs.get(
            "gmm", num_components=num_components, covariance="full", precision=precision
        )
        self.split = data.InMemory(x)
        self.model = models.create(self.config, Spec((x.shape[1],), 0))
        self.model.compile_for_run(total_steps=None)
        self.model.mixture.components.center.assign(np.median(x, 0))
        self.model.mixture.assign(mixing, means, covariance[None])
        self.run_steps, _ = steps.function(self.model, self.strategy, MovingAverages([], 0.0))
        self.end_epoch = tf.function(self.model.end_epoch)
        self.batches = iter(steps.batches(self.split, self.model, 0, self.strategy))
        self.steps = tf.constant(
            self.split.steps_per_epoch(self.config.batch_size, keep_remainder=True)
        )

    def iterate(self) -> float:
        """Returns the mean log-likelihood of the rows before this iteration's M-step."""
        self.run_steps(self.batches, self.steps).numpy()
        self.end_epoch()
        return float(self.model.log_likelihood.numpy())


class ScikitLearn(Peer):
    """GaussianMixture, by its own two steps: its `fit` adds a third at the end."""

    name = "scikit-learn"

    def __init__(self, x: np.ndarray, precision: str = "float32"):
        mixing, means, covariance = start(x)
        self.x = x.astype(precision)
        self.model = sklearn.mixture.GaussianMixture(COMPONENTS)
        self.model.weights_, self.model.means_ = mixing.astype(precision), means.astype(precision)
        inverse = np.linalg.cholesky(np.linalg.inv(covariance)).astype(precision)
        self.model.precisions_cholesky_ = np.tile(inverse, (COMPONENTS, 1, 1))

    def iterate(self) -> float:
        """Returns the mean log-likelihood of the rows before this iteration's M-step."""
        reached, log_responsibilities = self.model._e_step(self.x)
        self.model._m_step(self.x, log_responsibilities)
        return float(reached)


def compare(x: np.ndarray, rounds: int) -> dict:
    """Runs both in turns, an iteration each, in float32, and again in float64.

    Args:
      x: rows [N, D].
      rounds: iterations of each; the first ones warm up and are not timed.

    Returns:
      {"seconds": {contender: median}, "faster": median ratio, "memory": {contender: bytes
      held before the first iteration, and at most since},
      "difference": {"float64", "float32"}: the largest between the mean log-likelihood of the zoo
      in that precision and of scikit-learn in float64 at any iteration, in nats}.
    """
    contenders = [Contender(make, x) for make in (Zoo, ScikitLearn)]
    reached, seconds = _by_turns(contenders, rounds)
    memory = {contender.name: contender.memory() for contender in contenders}
    exact, _ = _by_turns([Contender(make, x, "float64") for make in (Zoo, ScikitLearn)], rounds)
    ours, reference = exact[Zoo.name], exact[ScikitLearn.name]
    timed = {name: values[WARM_UP:] for name, values in seconds.items()}
    return {
        "seconds": {name: statistics.median(values) for name, values in timed.items()},
        "faster": statistics.median(
            theirs / mine
            for mine, theirs in zip(timed[Zoo.name], timed[ScikitLearn.name], strict=True)
        ),
        "memory": memory,
        "difference": {
            "float64": float(np.max(np.abs(np.subtract(ours, reference)))),
            "float32": float(np.max(np.abs(np.subtract(reached[Zoo.name], reference)))),
        },
    }


def count_gigaflop(rows: int) -> float:
    """Returns 1e9 operations of an iteration as two products with the second-order features."""
    features = DIM * (DIM + 3) // 2
    return 4e-9 * rows * features * COMPONENTS


def _by_turns(contenders, rounds):
    reached = {contender.name: [] for contender in contenders}
    seconds = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            value, taken = contender.call("iterate")
            reached[contender.name].append(value)
            seconds[contender.name].append(taken)
    return reached, seconds
