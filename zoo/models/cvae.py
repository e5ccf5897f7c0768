"""Conditional VAE: an image is a label y and a style z.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), equation 2 with the label given:

    log p(x|y) >= E_q(z|x,y) [log p(x|y,z)] - KL(q(z|x,y) || p(z))
"""

import dataclasses

from zoo.models.capabilities import Capability
from zoo.models.vae import VAE


class CVAE(VAE):
    """q(z|x,y), p(x|y,z), p(z): the VAE with the label given to both networks, at every layer."""

    conditional = True
    rules = dataclasses.replace(VAE.rules, needs_labels=True, call_takes_labels=True)

    @property
    def capabilities(self):
        return super().capabilities | {Capability.RESTYLES}

    def restyle(self, x, y, y_new):
        """Returns the style of x, which shows y, with the content y_new."""
        return self.decode(self.encode(x, y)["loc"], y_new)

    def signatures(self):
        restyle = self.signature(self.restyle, "x", "y", "y_new", output="x")
        return {**super().signatures(), "restyle": restyle}
