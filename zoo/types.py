"""Names of what many functions take: batches, configs, and models that can do something.

At run time a model states what it can do by its `traits` (zoo.models.traits); the protocols here
say the same to a type checker and to readers.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import ml_collections
import tensorflow as tf

# {"x": float32 [B, ...], "y": int32 [B]}, with "weight" float32 [B] where passes take every row.
Batch: TypeAlias = dict[str, tf.Tensor]
# An entry's fields, see zoo/configs; a model's own is frozen.
Config: TypeAlias = ml_collections.ConfigDict


class Model(Protocol):
    """What all models have."""

    config: Config
    spec: Any
    conditional: bool

    @property
    def of_images(self) -> bool:
        """Whether x is an image."""

    def in_graph(self, method: str) -> Callable:
        """Returns a method as a tf.function."""


class Samples(Model, Protocol):
    """A model of p(x) or p(x|y)."""

    def sample(self, seed, y=None) -> tf.Tensor:
        """Returns x [B, ...], row i by seed[i] and y[i] alone."""


class HasPosterior(Model, Protocol):
    """A model with codes z and q(z|x), p(z), p(x|z)."""

    def posterior(self, x, y=None):
        """Returns q(z|x) as a tfp distribution."""

    def prior(self):
        """Returns p(z)."""

    def likelihood(self, z, y=None):
        """Returns p(x|z)."""


class HasLogProb(Model, Protocol):
    """A model with an exact density."""

    def log_prob(self, x) -> tf.Tensor:
        """Returns log p(x) [B]."""

    def num_parameters(self) -> int:
        """Returns the number of free parameters."""
