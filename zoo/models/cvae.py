"""Conditional VAE: an image is a label y and a style z.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), equation 2 with the label given:

    log p(x|y) >= E_q(z|x,y) [log p(x|y,z)] - KL(q(z|x,y) || p(z))
"""

from zoo.models.traits import Trait
from zoo.models.vae import VAE


class CVAE(VAE):
    """q(z|x,y), p(x|y,z), p(z): the VAE with the label given to both networks, at every layer."""

    conditional = needs_labels = answers_with_label = True
    is_m1 = False

    @property
    def traits(self):
        return super().traits | {Trait.LABELLED_SAMPLES, Trait.RESTYLES}

    def restyle(self, x, y, y_new):
        """Returns the style of x, which shows y, with the content y_new."""
        return self.decode(self.encode(x, y)["loc"], y_new)

    def signatures(self):
        restyle = self.signature(
            lambda x, y, y_new: {"x": self.restyle(x, y, y_new)}, "x", "y", "y_new"
        )
        return {**super().signatures(), "restyle": restyle}
