"""Conditional GAN: G(z, y) and D(x, y), images of a label.

Mirza and Osindero 2014, Conditional Generative Adversarial Nets (arXiv 1411.1784).
"""

import dataclasses

from zoo.models.gan import GAN


class ConditionalGAN(GAN):
    """The GAN with the label given to both players."""

    conditional = True
    rules = dataclasses.replace(GAN.rules, needs_labels=True)

    def morph(self, z, y, y_new, t):
        """Returns G(z, (1 - t) y + t y_new), t in [0, 1]: between two labels, code z kept."""
        t = t[:, None]
        condition = (1.0 - t) * self.one_hot(y) + t * self.one_hot(y_new)
        return self.units.restore(self.generator(z, condition))

    def signatures(self):
        morph = self.signature(self.morph, "z", "y", "y_new", "t", output="x")
        return {**super().signatures(), "morph": morph}
