"""Losses of discriminator D and generator G, as functions of D's logits.

A logit is D before the sigmoid: positive calls an image real. `real` are logits of real images,
`fake` those of generated ones, float32 [B] each; so are the losses, in nats where the logits are
those of a classifier. Below, s is the sigmoid and softplus(a) = log(1 + exp(a)) = -log s(-a).
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

softplus = tf.nn.softplus


class Loss(NamedTuple):
    """What each player minimises, from the logits (real, fake).

    Attributes:
      discriminator: loss of D [B].
      generator: loss of G [B].
      paired: whether G's loss depends on the real rows.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor | None, tf.Tensor], tf.Tensor]
    paired: bool = False


def classify(real, fake):
    """-log s(real) - log(1 - s(fake)): D is a classifier, real 1, generated 0.

    Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), equation 1.
    """
    return softplus(-real) + softplus(fake)


def minimax(real, fake):
    """log(1 - s(fake)): G minimises what D maximises (equation 1 there)."""
    del real
    return -softplus(fake)


def non_saturating(real, fake):
    """-log s(fake): G maximises the probability that D errs (section 3 there).

    Its gradient does not vanish where D is sure, as that of `minimax` does.
    """
    del real
    return softplus(-fake)


def least_squares_d(real, fake):
    """(real - 1)^2 / 2 + fake^2 / 2, with targets 1 and 0.

    Mao et al. 2017, Least Squares GANs (arXiv 1611.04076), equation 9.
    """
    return 0.5 * tf.square(real - 1.0) + 0.5 * tf.square(fake)


def least_squares_g(real, fake):
    """(fake - 1)^2 / 2 (equation 9 there)."""
    del real
    return 0.5 * tf.square(fake - 1.0)


def hinge_d(real, fake):
    """max(0, 1 - real) + max(0, 1 + fake).

    Lim and Ye 2017, Geometric GAN (arXiv 1705.02894), equation 18.
    """
    return tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake)


def wasserstein_d(real, fake):
    """fake - real: the dual form of the Wasserstein distance, where D is 1-Lipschitz.

    Arjovsky et al. 2017, Wasserstein GAN (arXiv 1701.07875), equation 2. Needs a penalty or
    spectral norms that keep D's slope bounded.
    """
    return fake - real


def critic_g(real, fake):
    """-fake: G raises the logit (equation 2 there; the same for the hinge loss)."""
    del real
    return -fake


def relativistic_d(real, fake):
    """softplus(fake - real): each real image is told from the generated one paired with it.

    Jolicoeur-Martineau 2019 (arXiv 1807.00734); Huang et al. 2024, The GAN is dead; long live the
    GAN! (arXiv 2501.05441), equation 2.
    """
    return softplus(fake - real)


def relativistic_g(real, fake):
    """softplus(real - fake) (equation 2 there)."""
    return softplus(real - fake)


LOSSES = {
    "minimax": Loss(classify, minimax),
    "non_saturating": Loss(classify, non_saturating),
    "least_squares": Loss(least_squares_d, least_squares_g),
    "hinge": Loss(hinge_d, critic_g),
    "wasserstein": Loss(wasserstein_d, critic_g),
    "relativistic": Loss(relativistic_d, relativistic_g, paired=True),
}
