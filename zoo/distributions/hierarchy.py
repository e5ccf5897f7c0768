"""Codes in levels, from the top down: each level is Gaussian given all levels above it.

    q(z|x) = q(z_1|x) prod_l q(z_l|x, z_1 .. z_(l-1))
    p(z)   = p(z_1)   prod_l p(z_l|z_1 .. z_(l-1))

as in Sonderby et al. 2016, Ladder Variational Autoencoders (arXiv 1602.02282), where both run in
the same direction. There q(z_l) is a product with p(z_l), from features of x at each level; here q
and p are networks of their own, and one vector of features of x serves all levels. The top level
has any posterior and prior of the zoo.
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.distributions import posteriors, priors
from zoo.networks.conditioned import Conditioned

# Both q and p learn their scales: if p's becomes tiny, the gradient of the KL explodes.
MIN_LOG_SCALE, MAX_LOG_SCALE = -4.0, 2.0


class TopDown(tfd.Distribution):
    """The joint distribution of all levels of z [..., D], D in equal parts."""

    def __init__(self, top: tfd.Distribution, below: list, dim: int):
        """Makes the joint of `top`, over z_1, and of what `below` maps the codes above to.

        Args:
          top: of the first level.
          below: functions of z_1 .. z_(l-1), [..., (l - 1) D / L], that return p(z_l | ...).
          dim: D, of all levels together.
        """
        self.top, self.below, self.dim = top, below, dim
        self._last = None
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"top": top, "below": below, "dim": dim},
            name="TopDown",
        )

    def _event_shape(self):
        return tf.TensorShape([self.dim])

    @property
    def bijector(self):
        """Has the method `forward`, from noise to z."""
        return self

    def forward(self, noise: tf.Tensor) -> tf.Tensor:
        """Returns z [..., D] for standard normal noise [..., D]."""
        first, *others = tf.split(noise, 1 + len(self.below), -1)
        z = posteriors.reparametrize(self.top, first)
        levels = [(self.top, z)]
        for below, part in zip(self.below, others, strict=True):
            p = below(z)
            levels.append((p, _draw(p, part)))
            z = tf.concat([z, levels[-1][1]], -1)
        self._last = z, levels
        return z

    def levels(self, z: tf.Tensor) -> list[tuple[tfd.Distribution, tf.Tensor]]:
        """Returns for each level its distribution given the codes above, and its code z_l."""
        if self._last is not None and self._last[0] is z:
            return self._last[1]  # as it was drawn
        parts = tf.split(z, 1 + len(self.below), -1)
        given = (below(tf.concat(parts[:i], -1)) for i, below in enumerate(self.below, 1))
        return list(zip([self.top, *given], parts, strict=True))

    def _sample_n(self, n, seed=None):
        first, *others = tfp.random.split_seed(seed, 1 + len(self.below))
        z = self.top.sample(n, seed=first)
        for below, own in zip(self.below, others, strict=True):
            z = tf.concat([z, below(z).sample(seed=own)], -1)
        return z

    def _log_prob(self, z):
        return sum(p.log_prob(part) for p, part in self.levels(z))


class Conditional(keras.Layer):
    """The Gaussian of one level: a gated layer on the codes above, and in q on features of x."""

    def __init__(self, units: int, dim: int):
        super().__init__()
        self.hidden = Conditioned(keras.layers.Dense(2 * units), gated=True)
        self.last = keras.layers.Dense(2 * dim, dtype="float32")

    def call(self, h):
        loc, log_scale = tf.split(self.last(self.hidden(h)), 2, -1)
        scale = tf.exp(tf.clip_by_value(log_scale, MIN_LOG_SCALE, MAX_LOG_SCALE))
        # A MultivariateNormalDiag takes a hundred operations more.
        return tfd.Independent(tfd.Normal(loc, scale), 1)


def _draw(p, noise):
    return p.distribution.loc + p.distribution.scale * noise


def _make_conditionals(config):
    dim = config.latent_dim // config.levels
    return [Conditional(config.hidden[-1], dim) for _ in range(config.levels - 1)]


class HierarchicalPosterior(posteriors.Posterior):
    """q(z|x) from the encoder's outputs: parameters of q(z_1|x), then features of x."""

    closed_form = False

    def __init__(self, config, top: posteriors.Posterior):
        super().__init__()
        self.top, self.dim = top, config.latent_dim
        self.below = _make_conditionals(config)
        self.outputs = top.outputs + (config.hidden[-1] if self.below else 0)

    def distribution(self, params):
        features = params[..., self.top.outputs :]

        def given(layer):
            def gaussian(above):
                # There may be several codes of each x.
                shape = tf.concat([tf.shape(above)[:-1], features.shape[-1:]], 0)
                return layer(tf.concat([tf.broadcast_to(features, shape), above], -1))

            return gaussian

        top = self.top.distribution(params[..., : self.top.outputs])
        return TopDown(top, [given(layer) for layer in self.below], self.dim)

    def components(self, params):
        return self.top.components(params[..., : self.top.outputs])

    def moments(self, params):
        """Returns those of q(z_1|x), and of each level given the means of the ones above."""
        top = self.top.moments(params[..., : self.top.outputs])
        q, (loc, scale) = self.distribution(params), top
        for below in q.below:
            level = below(loc).distribution
            loc = tf.concat([loc, level.loc], -1)
            scale = tf.concat([scale, level.scale], -1)
        return loc, scale


class HierarchicalPrior(priors.Prior):
    """p(z): any prior for z_1, and Gaussians below."""

    def __init__(self, config, top: priors.Prior):
        super().__init__()
        self.top, self.dim = top, config.latent_dim
        self.below = _make_conditionals(config)

    def initialize_from_data(self, split, seed):
        self.top.initialize_from_data(split, seed)

    def distribution(self, components):
        return TopDown(self.top.distribution(components), self.below, self.dim)

    def draw(self, components, row_seeds):
        kept = tf.zeros([tf.shape(row_seeds)[0], self.dim])
        return self.draw_below(components, row_seeds, kept, tf.zeros_like(row_seeds))

    def draw_below(self, components, row_seeds, z, level):
        """Returns z [B, D] with all but its upper `level` levels (int32 [B]) drawn again."""
        kept = tf.split(z, 1 + len(self.below), -1)
        # A draw at the top takes up to 1 + D / L numbers.
        size = kept[0].shape[-1]
        noise = seeds.row_normal(row_seeds, 1 + self.dim)[:, 1 + size :]
        drawn = self.top.draw(components, row_seeds)
        z = tf.where(level[:, None] > 0, kept[0], drawn)
        for i, layer in enumerate(self.below):
            part = noise[:, i * size : (i + 1) * size]
            drawn = _draw(layer(z), part)
            z = tf.concat([z, tf.where(level[:, None] > i + 1, kept[i + 1], drawn)], -1)
        return z
