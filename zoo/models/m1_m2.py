"""M1+M2: M2 on the codes of a VAE, M1, that was trained before without labels.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), section 2.3. M1 is any VAE, x its data and z1 its code; M2 is the model of
`zoo.models.m2` with z1 for x and z2 for z:

    p(x|z1) p(z1|y,z2) p(y) p(z2),    q(z1|x) q(y|z1) q(z2|z1,y)

M1 is frozen. In training M2 sees a new draw of z1 from q(z1|x) at every visit, at test time its
mean. Both are in units of the standard deviation of the training images' codes, which
`initialize_from_data` measures; before that, codes are not standardized.
"""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.configs.spec import Spec
from zoo.distributions import posteriors
from zoo.models.capabilities import Capability, Rules
from zoo.models.classifying import Classifies
from zoo.models.gmvae import GMVAE
from zoo.models.m2 import M2
from zoo.models.stages import Stage
from zoo.models.two_stages import TwoStages
from zoo.models.vae import VAE


class M1M2(Classifies, TwoStages):
    """q(z1|x) and p(x|z1) of M1; q(y|z1), q(z2|z1,y) and p(z1|y,z2) of M2."""

    conditional = True
    stage = Stage(
        name="m1",
        title="M1",
        kind="VAE without labels",
        families={"vae": VAE, "gmvae": GMVAE},
        example="saved_models/vae_mog_mnist",
    )
    rules = Rules(
        needs_labels=True,
        learns_from_unlabelled=True,
        needs_initial_data=True,
        fields_split_over_replicas=M2.rules.fields_split_over_replicas,
        label_terms=M2.rules.label_terms,
    )
    # The model of codes, and the values that its fields may have.
    bounds = M2
    fits_codes = (
        ("likelihood", ("normal",)),
        ("network", ("mlp", "gated")),
        ("class_network", ("mlp", "gated")),
    )

    # --- The objective ----------------------------------------------------------------------

    def loss_terms(self, batch, seed, training=False):
        """Returns the terms of M2 with z1 for x: "loss", "cross_entropy" and "error", [B] each.

        The bound uses z1 drawn from q(z1|x); cross-entropy and error use its mean, except in
        training.
        """
        x = batch["x"]
        q = self.m1.posterior(x)
        noise = seeds.normal([tf.shape(x)[0], self.m1.config.latent_dim], seeds.fold_in(seed, 1))
        z1 = self.standardize(posteriors.reparametrize(q, noise))
        q_y = self.noisy_class_posterior(x, z1, seed) if training else self.class_posterior(x)
        codes = {"x": z1, "y": batch["y"]}
        terms = self.m2.semi_supervised_terms(q_y, codes, seed, training)
        return {name: terms[name] for name in ("loss", "cross_entropy", "error")}

    def class_posterior(self, x):
        """q(y|z1) at the mean of q(z1|x)"""
        return self.m2.class_posterior(self.codes(x))

    def noisy_class_posterior(self, x, z1, seed):
        """q(y|z1) at a z1 drawn from q(z1|x), for training."""
        del x, seed
        return self.m2.class_posterior(z1)

    # --- The two models ---------------------------------------------------------------------

    def __init__(self, config, spec, m1: VAE | None = None):
        """Makes the model.

        Args:
          config: of M1+M2.
          spec: of the images.
          m1: M1, which is frozen.

        Raises:
          UserError: without an m1.
        """
        super().__init__(config, spec)
        self.m1 = self.frozen(config, m1)
        dim = m1.config.latent_dim
        self.m2 = self.bounds(config, Spec((dim,), spec.num_classes))
        self.center = self.add_weight(
            name="center", shape=(dim,), initializer="zeros", trainable=False
        )
        self.spread = self.add_weight(
            name="spread", shape=(dim,), initializer="ones", trainable=False
        )
        self.convolutional = m1.convolutional

    @property
    def first(self):
        return self.m1

    def make_weights(self, batch):
        super().make_weights(batch)
        self.m2.built = True

    @property
    def capabilities(self):
        can = {Capability.SAMPLES, Capability.RESTYLES, Capability.CLASSES, Capability.M1_CODES}
        return super().capabilities | can

    # --- Learning ---------------------------------------------------------------------------

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        encode = self.m1.compiled_method("encode")
        q = [encode(batch["x"]) for batch in split.batches(1000)]
        loc, scale = (np.concatenate([part[name] for part in q]) for name in ("loc", "scale"))
        self.center.assign(loc.mean(0))
        self.spread.assign(np.sqrt(loc.var(0) + np.square(scale).mean(0)))

    def rows_to_learn(self, split):
        return self.m2.rows_to_learn(split)

    def compile_for_run(self, total_steps):
        super().compile_for_run(total_steps)
        self.m2.set_warm_up(total_steps)
        self.annealing_steps = self.m2.annealing_steps

    def take_step(self, batch):
        terms = super().take_step(batch)
        self.m2.step.assign_add(1)
        return terms

    # --- Serving ----------------------------------------------------------------------------

    def standardize(self, z1):
        """Returns codes of M1 in the units of M2, [B, D]."""
        return (z1 - self.center.value) / self.spread.value

    def codes(self, x):
        """Returns the mean of q(z1|x) in the units of M2, [B, D]."""
        return self.standardize(self.m1.encode(x)["loc"])

    def draw(self, z1):
        """Returns the mean of p(x|z1) of a code in the units of M2."""
        return self.m1.decode(self.center.value + self.spread.value * z1)

    def classify(self, x):
        """Returns the probabilities of the classes, [B, K]."""
        return self.class_posterior(x).probs_parameter()

    def encode(self, x, y):
        """Returns mean ("loc") and standard deviation ("scale") of q(z2|z1,y), [B, D] each."""
        return self.m2.encode(self.codes(x), y)

    def decode(self, z, y):
        """Returns the mean of p(x|z1), z1 the mean of p(z1|y,z2) with z2 = z."""
        return self.draw(self.m2.decode(z, y))

    def restyle(self, x, y, y_new):
        """Returns the style of x, which shows y, with the content y_new.

        Style is everything but y: z2, and the noise e of z1 = m + s e in p(z1|y,z2).
        """
        z1, z2 = self.codes(x), self.encode(x, y)["loc"]
        p, p_new = (self.m2.likelihood(z2, label) for label in (y, y_new))
        noise = (z1 - p.mean()) / p.stddev()
        return self.draw(p_new.mean() + p_new.stddev() * noise)

    def sample(self, seed, y):
        """Returns the mean of p(x|z1), z1 and z2 drawn; row i depends on seed[i], y[i]."""
        z2 = self.m2.prior_layer.draw(self.m2.posterior_components, seed)
        dim = self.m1.config.latent_dim
        # Other numbers than those from which z2 is drawn.
        noise = seeds.row_normal(seed, self.config.latent_dim + 1 + dim)[:, -dim:]
        p = self.m2.likelihood(z2, y)
        return self.draw(p.mean() + p.stddev() * noise)

    def signatures(self):
        return {
            "sample": self.signature(self.sample, "seed", "y", output="x"),
            "classify": self.classify_signature(),
            "encode": self.signature(self.encode, "x", "y"),
            "decode": self.signature(self.decode, "z", "y", output="x"),
            "restyle": self.signature(self.restyle, "x", "y", "y_new", output="x"),
        }

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from cls.bounds.config_problems(config)
        for field, fits in cls.fits_codes:
            if config[field] not in fits:
                yield (
                    f"{field}={config[field]!r} is for images, but M2 of {config.model!r} learns "
                    f"codes, rows of real numbers: choose {' or '.join(fits)}."
                )
        yield from cls.stage.problems(config)
