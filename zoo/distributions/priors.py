"""Priors p(z) over codes z [D]: the standard normal, and mixtures of Gaussians.

Each class builds its distribution at each call. `components` maps x [C, ...] to the model's own
q(z|x) as components of a mixture, which the VampPrior is made of.
"""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.data import Split
from zoo.distributions.gaussians import DiagonalComponents, FullComponents, choose_components
from zoo.errors import UserError


class Prior(keras.Layer):
    """p(z), built at each call."""

    def distribution(self, components) -> tfd.Distribution:
        """Returns p(z); `components` maps x to q(z|x)."""
        raise NotImplementedError

    def draw(self, components, row_seeds: tf.Tensor) -> tf.Tensor:
        """Returns z [B, D] drawn from p(z); row i depends on `row_seeds[i]` (int32 [B]) alone."""
        raise NotImplementedError

    def initialize_from_data(self, split: Split, seed: int) -> None:
        """Initialises parameters from training rows, if it has any.

        Raises:
          UserError: if there are too few.
        """


class Standard(Prior):
    """N(0, I)"""

    def __init__(self, config, spec):
        super().__init__()
        del spec
        self.dim = config.latent_dim

    def distribution(self, components):
        del components
        return tfd.MultivariateNormalDiag(tf.zeros(self.dim), tf.ones(self.dim))

    def draw(self, components, row_seeds):
        del components
        return seeds.row_normal(row_seeds, self.dim)


class MixturePrior(Prior):
    """A mixture of Gaussians in `dim` dimensions."""

    dim: int

    def mixing(self) -> tf.Tensor:
        """Returns the probabilities [C] of the components."""
        raise NotImplementedError

    def chosen(self, components, numbers: tf.Tensor) -> tfd.Distribution:
        """Returns p(z|c) for component numbers c [B], batch [B], without the other components."""
        raise NotImplementedError

    def draw(self, components, row_seeds):
        noise = seeds.row_normal(row_seeds, self.dim + 1)
        numbers = choose_components(self.mixing(), noise[:, -1])
        return self.chosen(components, numbers).bijector.forward(noise[:, :-1])


class MixtureOfGaussians(MixturePrior):
    """sum_c pi_c N(z; m_c, diag(s_c)^2), all parameters learned."""

    def __init__(self, config, spec):
        super().__init__()
        del spec
        count, dim = config.prior_components, config.latent_dim
        self.dim = dim
        self.logits = self.weight("logits", (count,), "zeros")
        self.loc = self.weight("loc", (count, dim), keras.initializers.RandomNormal(stddev=1.0))
        self.log_scale = self.weight("log_scale", (count, dim), "zeros")

    def weight(self, name, shape, initializer):
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def gaussians(self, take=tf.identity) -> tfd.Distribution:
        """Returns p(z|c), batch [C]; `take` may gather the parameters of some components."""
        return DiagonalComponents(take(self.loc.value), tf.exp(take(self.log_scale.value)))

    def distribution(self, components):
        del components
        return tfd.MixtureSameFamily(tfd.Categorical(logits=self.logits.value), self.gaussians())

    def mixing(self):
        return tf.nn.softmax(self.logits.value)

    def chosen(self, components, numbers):
        del components
        return self.gaussians(lambda parameter: tf.gather(parameter, numbers))


class MixtureOfFullGaussians(MixtureOfGaussians):
    """sum_c pi_c N(z; m_c, L_c L_c^T), all parameters learned.

    The diagonal of L is exp(s), as in MixtureOfGaussians; below it are the rows of `below` times
    that diagonal, so that correlations do not change with the scale.
    """

    def __init__(self, config, spec):
        super().__init__(config, spec)
        count, dim = config.prior_components, config.latent_dim
        self.below = self.weight("below", (count, dim, dim), "zeros")

    def gaussians(self, take=tf.identity):
        loc, log_scale, below = (take(w.value) for w in (self.loc, self.log_scale, self.below))
        unit = tf.linalg.set_diag(tf.linalg.band_part(below, -1, 0), tf.ones_like(loc))
        return FullComponents(loc, unit * tf.exp(log_scale)[:, None])

    def assign(self, mixing, means, covariances) -> None:
        """Sets the parameters: [C], [C, D] and [C, D, D]."""
        scale = np.linalg.cholesky(covariances)
        diagonal = np.diagonal(scale, axis1=1, axis2=2)  # [C, D]
        self.logits.assign(np.log(mixing))
        self.loc.assign(means)
        self.log_scale.assign(np.log(diagonal))
        self.below.assign(np.tril(scale / diagonal[:, None], -1))


class Vamp(MixturePrior):
    """1/C sum_c q(z|u_c): the mixture of the posteriors of C learned pseudo-inputs u.

    Tomczak and Welling 2018, VAE with a VampPrior (arXiv 1705.07120), equation 9.
    """

    def __init__(self, config, spec):
        super().__init__()
        self.dim = config.latent_dim
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(config.prior_components, *spec.shape),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            # Not in the forward pass, where a clipped pixel would get no gradient.
            constraint=(lambda u: keras.ops.clip(u, 0.0, 1.0)) if len(spec.shape) == 3 else None,
        )

    def initialize_from_data(self, split, seed):
        count = self.pseudo_inputs.shape[0]
        if count > split.size:
            raise UserError(
                f"prior_components={count} pseudo-inputs are initialised with as many training "
                f"rows, but there are {split.size}: lower --config.prior_components."
            )
        rows = np.concatenate(list(split.shuffled(seed, count)))
        self.pseudo_inputs.assign(rows / 255.0 if rows.dtype == np.uint8 else rows)

    def distribution(self, components):
        logits = tf.zeros(self.pseudo_inputs.shape[0])
        q = components(self.pseudo_inputs.value)
        return tfd.MixtureSameFamily(tfd.Categorical(logits=logits), q)

    def mixing(self):
        count = self.pseudo_inputs.shape[0]
        return tf.fill([count], 1.0 / count)

    def chosen(self, components, numbers):
        return components(tf.gather(self.pseudo_inputs.value, numbers))


KINDS = {
    "standard": Standard,
    "mog": MixtureOfGaussians,
    "mog_full": MixtureOfFullGaussians,
    "vamp": Vamp,
}
