"""M1+M2 whose classifier sees the image: q(y|x) instead of q(y|z1).

It differs from Kingma et al. 2014 (arXiv 1406.5298), section 2.3, in the recognition of y alone:
any q(y|x) gives a bound, and a convolutional one generalises to images that M1's codes keep apart.
It sees training images shifted by a few pixels; M1 never does.
"""

from tensorflow_probability import distributions as tfd

from zoo import networks, seeds
from zoo.models.augmentation import shift
from zoo.models.m1_m2 import M1M2
from zoo.models.m2 import LabelBounds


class M1M2Conv(M1M2):
    """q(y|x) of images; q(z1|x) and p(x|z1) of M1; q(z2|z1,y) and p(z1|y,z2) of codes."""

    bounds = LabelBounds
    fits_codes = (("likelihood", ("normal",)), ("network", ("mlp", "gated")))

    def __init__(self, config, spec, m1):
        super().__init__(config, spec, m1)
        self.classifier = networks.encoder(
            config.class_network, spec.shape, config.class_hidden, spec.num_classes
        )
        self.convolutional = self.convolutional or config.class_network == "conv"

    def class_posterior(self, x):
        """q(y|x)"""
        return tfd.Categorical(logits=self.classifier(x))

    def noisy_class_posterior(self, x, z1, seed):
        """q(y|x) of shifted images, for training."""
        del z1
        return self.class_posterior(shift(x, self.config.max_shift, seeds.fold_in(seed, 2)))
