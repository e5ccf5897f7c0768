"""Seconds per iteration of EM, seconds to the same bound, and memory: `gmm` against scikit-learn.

Both start from the same parameters and fit the same float32 rows. scikit-learn computes in float32,
its fastest setting; the reference of both is scikit-learn in float64.
"""

import statistics
from typing import NamedTuple

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

DIM, WARM_UP = 50, 2
# Nats within which a bound counts as reached.
REACHED = 1e-6


class Case(NamedTuple):
    """Rows and a mixture to fit to them.

    Attributes:
      x: rows [N, D], float32.
      num_components: K.
      covariance: "full" or "diag".
    """

    x: np.ndarray
    num_components: int = 50
    covariance: str = "full"

    def start(self):
        """Returns mixing [K], means [K, D] and one covariance [D, D] that both begin with."""
        x, count = self.x, self.num_components
        means = x[np.random.default_rng(0).choice(len(x), count, replace=False)]
        covariance = np.cov(x.T)
        if self.covariance == "diag":
            covariance = np.diag(np.diag(covariance))
        return np.full(count, 1 / count), means.astype(np.float64), covariance

    def describe(self) -> str:
        """Returns a name for tables."""
        return (
            f"iterations of EM, {len(self.x):,} rows [{self.x.shape[1]}], {self.num_components} "
            f"{self.covariance} components"
        )

    def count_gigaflop(self) -> float | None:
        """Returns 1e9 operations of an iteration, of the products that dominate it.

        Full covariances need one product with second-order features, see `zoo.mixtures.screening`.
        """
        dim = self.x.shape[1]
        features = dim * (dim + 3) // 2
        full = self.covariance == "full"
        return 2e-9 * len(self.x) * features * self.num_components if full else None


def project(split: data.InMemory, dim: int = DIM) -> np.ndarray:
    """Returns the first principal components [N, dim] of images in [0, 1], float32."""
    x = split.x.reshape(split.size, -1) / np.float32(255)
    pca = sklearn.decomposition.PCA(dim, svd_solver="covariance_eigh")
    return pca.fit_transform(x).astype(np.float32)


class Zoo(Peer):
    """An epoch of the zoo's loop, without evaluations and checkpoints."""

    name = "zoo"

    def __init__(self, case: Case):
        mixing, means, covariance = case.start()
        self.strategy = strategies.create("default")
        self.config = configs.get(
            "gmm", num_components=case.num_components, covariance=case.covariance
        )
        self.split = data.InMemory(case.x)
        self.model = models.create(self.config, Spec((case.x.shape[1],), 0))
        self.model.compile_for_run(total_steps=None)
        self.model.mixture.components.center.assign(np.median(case.x, 0))
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

    def __init__(self, case: Case, precision: str = "float32"):
        mixing, means, covariance = case.start()
        self.x = case.x.astype(precision)
        self.model = sklearn.mixture.GaussianMixture(
            case.num_components, covariance_type=case.covariance
        )
        self.model.weights_, self.model.means_ = mixing.astype(precision), means.astype(precision)
        inverse = np.linalg.cholesky(np.linalg.inv(covariance))
        inverse = np.diag(inverse) if case.covariance == "diag" else inverse
        self.model.precisions_cholesky_ = np.stack([inverse] * case.num_components).astype(
            precision
        )

    def iterate(self) -> float:
        """Returns the mean log-likelihood of the rows before this iteration's M-step."""
        reached, log_responsibilities = self.model._e_step(self.x)
        self.model._m_step(self.x, log_responsibilities)
        return float(reached)


def compare(case: Case, rounds: int) -> dict:
    """Runs both in turns, an iteration each.

    Args:
      case: what to fit.
      rounds: iterations of each; the first ones warm up and are not timed.

    Returns:
      {"seconds": {contender: median}, "faster": median ratio, "to_bound": {contender: seconds until
      the bound of the reference's last iteration, without the warm-up's; None if not reached},
      "memory": {contender: bytes held before the first iteration, and at most since},
      "difference": {contender: the largest between its mean log-likelihood and the reference's at
      any iteration, in nats}}.
    """
    contenders = [Contender(Zoo, case), Contender(ScikitLearn, case)]
    reached, seconds = _by_turns(contenders, rounds)
    memory = {contender.name: contender.memory() for contender in contenders}
    for contender in contenders:
        contender.close()
    reference = Contender(ScikitLearn, case, "float64")
    exact = _by_turns([reference], rounds)[0][reference.name]
    reference.close()
    timed = {name: values[WARM_UP:] for name, values in seconds.items()}
    return {
        "seconds": {name: statistics.median(values) for name, values in timed.items()},
        "faster": statistics.median(
            theirs / mine
            for mine, theirs in zip(timed[Zoo.name], timed[ScikitLearn.name], strict=True)
        ),
        "to_bound": {
            name: _seconds_to(exact[-1], values, seconds[name]) for name, values in reached.items()
        },
        "memory": memory,
        "difference": {
            name: float(np.max(np.abs(np.subtract(values, exact))))
            for name, values in reached.items()
        },
    }


def _seconds_to(bound, reached, seconds):
    """Seconds of the iterations until the bound, each warm-up taken as the median of the others."""
    median = statistics.median(seconds[WARM_UP:])
    seconds = [*[median] * WARM_UP, *seconds[WARM_UP:]]
    for i, value in enumerate(reached):
        if value >= bound - REACHED:
            return sum(seconds[: i + 1])
    return None


def _by_turns(contenders, rounds):
    reached = {contender.name: [] for contender in contenders}
    seconds = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            value, taken = contender.call("iterate")
            reached[contender.name].append(value)
            seconds[contender.name].append(taken)
    return reached, seconds
