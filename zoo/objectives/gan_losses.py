"""Losses of discriminator D and generator G, as functions of D's logits.

A logit is D before the sigmoid: positive calls an image real. `real` are logits of real images,
`fake` those of generated ones, float32 [B] each; so are the losses, in nats where the logits are
those of a classifier. Below, s is the sigmoid and softplus(a) = log(1 + exp(a)) = -log s(-a).

A margin is how far a logit is on the right side of the boundary that D draws between the two.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

softplus = tf.nn.softplus


class Loss(NamedTuple):
    """What each player minimises, from the logits (real, fake).

    Attributes:
      discriminator: loss of D [B].
      generator: loss of G [B].
      margins: maps the logits to how far D is right, of real and of generated rows, [B] each.
      saturation: size of a margin beyond which a logit is saturated.
      paired: whether G's loss depends on the real rows.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor | None, tf.Tensor], tf.Tensor]
    margins: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    saturation: float
    paired: bool = False

    def terms(self, real: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns D's loss and what D says of real and of generated rows, [B] each.

        The accuracies are shares of rows on the right side; "saturated" is the share of logits that
        are saturated, on either side.
        """
        of_real, of_fake = self.margins(real, fake)
        margins = tf.stack([of_real, of_fake])  # [2, B]
        return {
            "d_loss": self.discriminator(real, fake),
            "real_logit": real,
            "fake_logit": fake,
            "real_accuracy": tf.cast(of_real > 0, tf.float32),
            "fake_accuracy": tf.cast(of_fake > 0, tf.float32),
            "saturated": tf.reduce_mean(tf.cast(tf.abs(margins) > self.saturation, tf.float32), 0),
        }


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


def around_zero(real, fake):
    """Margins of a classifier: positive is real."""
    return real, -fake


def around_half(real, fake):
    """Margins between the targets 1 and 0."""
    return real - 0.5, 0.5 - fake


def around_mean(real, fake):
    """Margins of a critic, whose logits mean something by their differences alone."""
    middle = (tf.reduce_mean(real) + tf.reduce_mean(fake)) / 2
    return real - middle, middle - fake


def of_pairs(real, fake):
    """Margins within pairs of a real and a generated row."""
    return real - fake, real - fake


# Where the sigmoid is within 1% of 0 or 1.
SIGMOID_SATURATES = math.log(99.0)
# Losses without a sigmoid do not saturate; logits this large are out of all proportion.
OUT_OF_PROPORTION = 1000.0

LOSSES = {
    "minimax": Loss(classify, minimax, around_zero, SIGMOID_SATURATES),
    "non_saturating": Loss(classify, non_saturating, around_zero, SIGMOID_SATURATES),
    "least_squares": Loss(least_squares_d, least_squares_g, around_half, OUT_OF_PROPORTION),
    "hinge": Loss(hinge_d, critic_g, around_zero, OUT_OF_PROPORTION),
    "wasserstein": Loss(wasserstein_d, critic_g, around_mean, OUT_OF_PROPORTION),
    "relativistic": Loss(relativistic_d, relativistic_g, of_pairs, SIGMOID_SATURATES, paired=True),
}


def relative_spread(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Returns how much generated rows vary over how much real rows do, [].

    Both are root mean squares of deviations from the mean row: 1 for perfect samples, 0 where all
    samples are one; also 1 where the real rows do not vary.
    """

    def spread(x):
        return tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(x, 0)))

    of_real = spread(real)
    return tf.where(of_real > 0, tf.math.divide_no_nan(spread(fake), of_real), 1.0)
