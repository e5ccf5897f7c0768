"""Densities in few dimensions: data whose true distribution is known.

`ring` and `grid` as in PacGAN (Lin et al. 2018, arXiv 1712.04086); `moons` as in scikit-learn;
`pinwheel` as in Johnson et al. 2016 (arXiv 1603.06277); `blobs` has 32 clusters in 16 dimensions.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.configs.spec import Spec
from zoo.data.splits import Dataset
from zoo.data.streamed import Generated
from zoo.errors import UserError

SIZES = {"train": 100_000, "validation": 10_000, "test": 10_000}


class Density(NamedTuple):
    """A sampler of rows, and their density if it is known in closed form.

    Attributes:
      draw: maps (seed int32 [2], count) to {"x": float32 [count, D], "y": int32 [count]}, y the
        cluster that a row belongs to.
      dim: D.
      num_classes: number of clusters.
      mixture: tfd.Distribution over [D], or None.
    """

    draw: Callable
    dim: int
    num_classes: int
    mixture: tfd.Distribution | None = None


def ring(modes: int = 8, radius: float = 1.0, scale: float = 0.01) -> Density:
    """Gaussians on a circle."""
    angles = 2 * np.pi * np.arange(modes) / modes
    return _mixture(radius * np.stack([np.cos(angles), np.sin(angles)], -1), scale)


def grid(side: int = 5, spacing: float = 2.0, scale: float = 0.05) -> Density:
    """Gaussians on a square lattice around 0."""
    ticks = spacing * (np.arange(side) - (side - 1) / 2)
    return _mixture(np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2), scale)


def blobs(clusters: int = 32, dim: int = 16, spread: float = 3.0) -> Density:
    """Unit Gaussians whose means come from a wider Gaussian, drawn once from a fixed seed."""
    return _mixture(np.random.default_rng(0).normal(0, spread, [clusters, dim]), 1.0)


def moons(scale: float = 0.1) -> Density:
    """Two interleaved half circles."""

    def draw(seed, count):
        turn, y, noise = _split(seed, count)
        angle, upper = math.pi * turn, tf.cast(1 - y % 2, tf.float32)
        sign = 2 * upper - 1
        x = tf.stack([tf.cos(angle) * sign + 1 - upper, tf.sin(angle) * sign], -1)
        x -= (1 - upper)[:, None] * tf.constant([0.0, -0.5])
        return {"x": x + scale * noise, "y": y % 2}

    return Density(draw, 2, 2)


def pinwheel(arms: int = 5, radial: float = 0.3, tangential: float = 0.1, rate: float = 0.25):
    """Gaussians on a circle, rotated more the farther out they are."""

    def draw(seed, count):
        _, y, noise = _split(seed, count)
        y = y % arms
        arm = noise * [radial, tangential] + [1.0, 0.0]
        angle = 2 * math.pi / arms * tf.cast(y, tf.float32) + rate * tf.exp(arm[:, 0])
        cos, sin = tf.cos(angle), tf.sin(angle)
        x = [cos * arm[:, 0] - sin * arm[:, 1], sin * arm[:, 0] + cos * arm[:, 1]]
        return {"x": 2 * tf.stack(x, -1), "y": y}

    return Density(draw, 2, arms)


DENSITIES: dict[str, Callable] = {
    "blobs": blobs,
    "grid": grid,
    "moons": moons,
    "pinwheel": pinwheel,
    "ring": ring,
}


def load(name: str) -> Dataset:
    """Returns three independent splits of rows of a density.

    Args:
      name: one of DENSITIES; "NAME/ROWS" has ROWS training rows, drawn on demand.
    """
    kind, _, rows = name.partition("/")
    if rows and not (rows.isdecimal() and int(rows)):
        raise UserError(
            f"Dataset {name!r}: behind {kind}/ stands a number of rows, {rows!r} is none."
        )
    density = DENSITIES[kind]()
    sizes = {**SIZES, "train": int(rows or SIZES["train"])}
    splits = {
        split: Generated(density.draw, size, seeds.stream(0, seeds.Stream.GENERATED, i))
        for i, (split, size) in enumerate(sizes.items())
    }
    return Dataset(name, Spec((density.dim,), density.num_classes), **splits)


def _mixture(means, scale):
    """Equal weights, spherical components."""
    clusters, dim = means.shape
    means = means.astype(np.float32)

    def draw(seed, count):
        y = tf.random.stateless_uniform(
            [count], seeds.fold_in(seed, 0), 0, clusters, tf.int32, alg="philox"
        )
        noise = seeds.normal([count, dim], seeds.fold_in(seed, 1))
        return {"x": tf.gather(means, y) + scale * noise, "y": y}

    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(probs=np.full(clusters, 1 / clusters, np.float32)),
        tfd.MultivariateNormalDiag(means, tf.fill([clusters, dim], scale)),
    )
    return Density(draw, dim, clusters, mixture)


def _split(seed, count):
    """Uniform [count], whole numbers [count], standard normal [count, 2]."""
    turn = seeds.uniform([count], seeds.fold_in(seed, 0))
    whole = tf.random.stateless_uniform(
        [count], seeds.fold_in(seed, 1), 0, 2**30, tf.int32, alg="philox"
    )
    return turn, whole, seeds.normal([count, 2], seeds.fold_in(seed, 2))
