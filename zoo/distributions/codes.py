"""Priors p(z) of a generator's codes: tfp distributions over [D]."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd


def normal(config) -> tfd.Distribution:
    """N(0, I): the direction of a code is uniform on the sphere."""
    return tfd.Independent(tfd.Normal(tf.zeros(config.latent_dim), 1.0), 1)


def uniform(config) -> tfd.Distribution:
    """Uniform in the cube [-1, 1]^D, as in the first GANs."""
    return tfd.Independent(tfd.Uniform(tf.fill([config.latent_dim], -1.0), 1.0), 1)


def informative(config) -> tfd.Distribution:
    """A category c, one-hot; uniform numbers u in [-1, 1]; normal noise: side by side.

    Chen et al. 2016, InfoGAN (arXiv 1606.03657), section 7.2.
    """
    u = config.uniform_codes
    parts = [
        tfd.OneHotCategorical(logits=tf.zeros(config.categories), dtype=tf.float32),
        tfd.Independent(tfd.Uniform(tf.fill([u], -1.0), 1.0), 1),
        tfd.Independent(tfd.Normal(tf.zeros(config.latent_dim - config.categories - u), 1.0), 1),
    ]
    return tfd.Blockwise(parts)


def split(z: tf.Tensor, config) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns c [B, K], u [B, U] and the noise of codes z that are `informative`."""
    categories, u = config.categories, config.uniform_codes
    return z[:, :categories], z[:, categories : categories + u], z[:, categories + u :]


KINDS = {"normal": normal, "uniform": uniform, "informative": informative}


def line(z0: np.ndarray, z1: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns the points at t [N] of the lines from z0 to z1, [N, D]."""
    return z0 + t[:, None] * (z1 - z0)


def arc(z0: np.ndarray, z1: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns the points at t [N] of the arcs from z0 to z1, [N, D].

    White 2016, Sampling Generative Networks (arXiv 1609.04468), section 2: codes of a Gaussian in
    many dimensions lie near a sphere, but the middle of a line between two of them does not.
    """

    def unit(z):
        return z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)

    cosine = np.sum(unit(z0) * unit(z1), -1, keepdims=True)  # [N, 1]
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    t, sine = t[:, None], np.sin(angle)
    on_arc = np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1
    # The arc is undefined between codes in the same or in opposite directions.
    return np.where(sine > 1e-4, on_arc / np.maximum(sine, 1e-4), line(z0, z1, t[:, 0]))


# How to interpolate between two codes, by the kind of code.
PATHS = {"normal": arc, "uniform": line, "informative": line}
