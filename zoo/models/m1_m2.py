"""M1+M2: M2 on the codes of a VAE, M1, that was trained before without labels.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), section 2.3. M1 is any VAE, x its data and z1 its code; M2 is the model of
`zoo.models.m2` with z1 for x and z2 for z:

    p(x|z1) p(z1|y,z2) p(y) p(z2),    q(z1|x) q(y|z1) q(z2|z1,y)

M1 is frozen. In training M2 sees a new draw of z1 from q(z1|x) at every visit, at test time its
mean. Both are in units of the standard deviation of the training images' codes, which `start_from`
measures; before that, codes are not standardized.
"""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.data import Spec
from zoo.distributions import posteriors
from zoo.errors import UserError
from zoo.models import first_stages
from zoo.models.base import GenerativeModel
from zoo.models.classifying import Classifies
from zoo.models.m2 import M2
from zoo.models.traits import Trait


class M1M2(Classifies, GenerativeModel):
    """q(z1|x) and p(x|z1) of M1; q(y|z1), q(z2|z1,y) and p(z1|y,z2) of M2."""

    conditional = needs_labels = learns_from_unlabelled = needs_start = True
    shared_fields = M2.shared_fields
    terms_of_labels = M2.terms_of_labels
    # The model of codes, and the values that its fields may have.
    bounds = M2
    fits_codes = (
        ("likelihood", ("normal",)),
        ("network", ("mlp", "gated")),
        ("class_network", ("mlp", "gated")),
    )

    def __init__(self, config, spec, m1):
        super().__init__(config, spec)
        self.m1 = m1
        self.m1.trainable = False
        dim = m1.config.latent_dim
        self.m2 = self.bounds(config, Spec((dim,), spec.num_classes))
        self.center = self.add_weight(
            name="center", shape=(dim,), initializer="zeros", trainable=False
        )
        self.spread = self.add_weight(
            name="spread", shape=(dim,), initializer="ones", trainable=False
        )
        self.convolutional = m1.convolutional

    # --- How it is made -----------------------------------------------------------------------

    @classmethod
    def conflicts(cls, config):
        yield from cls.bounds.conflicts(config)
        for field, fits in cls.fits_codes:
            if config[field] not in fits:
                yield (
                    f"{field}={config[field]!r} is for images, but M2 of {config.model!r} learns "
                    f"codes, rows of real numbers: choose {' or '.join(fits)}."
                )
        yield from first_stages.conflicts(config)

    @classmethod
    def first_stage(cls, config, spec):
        return first_stages.to_train_first(config, spec)

    @classmethod
    def make_parts(cls, config, spec):
        from zoo import models  # which knows all classes, this one among them

        stage = cls.first_stage(config, spec)
        return {"m1": models.create(stage, spec) if stage else first_stages.load(config.m1, spec)}

    def get_config(self):
        return {**super().get_config(), "parts": {"m1": self.m1.get_config()}}

    def make_weights(self, batch):
        super().make_weights(batch)
        self.m2.built = True

    @property
    def traits(self):
        return frozenset(
            {Trait.SAMPLES, Trait.LABELLED_SAMPLES, Trait.RESTYLES, Trait.CLASSES, Trait.M1_CODES}
        )

    # --- Learning -----------------------------------------------------------------------------

    def take_first_stage(self, trained):
        for mine, its in zip(self.m1.variables, trained.variables, strict=True):
            mine.assign(its)

    def check_can_fit(self, split):
        super().check_can_fit(split)
        if self.m1.is_new and self.m1.steps_taken() == 0:
            raise UserError(
                f"M1 of this {self.config.model!r} is untrained: name an exported VAE, as in "
                f"zoo.create({self.config.model!r}, spec, m1='saved_models/vae_mog_mnist'), or "
                "train both with scripts/train.py."
            )

    def start_from(self, split):
        super().start_from(split)
        encode = self.m1.in_graph("encode")
        q = [encode(batch["x"]) for batch in split.batches(1000)]
        loc, scale = (np.concatenate([part[name] for part in q]) for name in ("loc", "scale"))
        self.center.assign(loc.mean(0))
        self.spread.assign(np.sqrt(loc.var(0) + np.square(scale).mean(0)))

    def rows_to_learn(self, split):
        return self.m2.rows_to_learn(split)

    def compile_for_run(self, total_steps):
        super().compile_for_run(total_steps)
        self.m2.set_schedule(total_steps)
        self.annealing_steps = self.m2.annealing_steps

    def take_step(self, batch):
        terms = super().take_step(batch)
        self.m2.step.assign_add(1)
        return terms

    def loss_terms(self, batch, seed, training=False):
        """Returns the terms of M2 with z1 for x: "loss", "cross_entropy" and "error", [B] each.

        z1 is drawn from q(z1|x) for the bound; cross-entropy and error are of its mean, except in
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
        """q(y|z1) at a z1 drawn from q(z1|x), as it is in training."""
        del x, seed
        return self.m2.class_posterior(z1)

    # --- Serving ------------------------------------------------------------------------------

    def standardize(self, z1):
        """Returns codes of M1 as M2 sees them, [B, D]."""
        return (z1 - self.center.value) / self.spread.value

    def codes(self, x):
        """Returns the mean of q(z1|x) as M2 sees it, [B, D]."""
        return self.standardize(self.m1.encode(x)["loc"])

    def draw(self, z1):
        """Returns the mean of p(x|z1) of a code as M2 sees it."""
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

        Style is all that is not y: z2, and the noise e of which p(z1|y,z2) makes z1 = m + s e.
        """
        z1, z2 = self.codes(x), self.encode(x, y)["loc"]
        p, p_new = (self.m2.likelihood(z2, label) for label in (y, y_new))
        noise = (z1 - p.mean()) / p.stddev()
        return self.draw(p_new.mean() + p_new.stddev() * noise)

    def sample(self, seed, y):
        """Returns the mean of p(x|z1), z1 and z2 drawn; row i depends on seed[i], y[i]."""
        z2 = self.m2.priors.draw(self.m2.posterior_components, seed)
        dim = self.m1.config.latent_dim
        # Numbers past those that z2 is made of.
        noise = seeds.row_normal(seed, self.config.latent_dim + 1 + dim)[:, -dim:]
        p = self.m2.likelihood(z2, y)
        return self.draw(p.mean() + p.stddev() * noise)

    def signatures(self):
        return {
            "sample": self.signature(lambda *row: {"x": self.sample(*row)}, "seed", "y"),
            "classify": self.classify_signature(),
            "encode": self.signature(self.encode, "x", "y"),
            "decode": self.signature(lambda *row: {"x": self.decode(*row)}, "z", "y"),
            "restyle": self.signature(lambda *row: {"x": self.restyle(*row)}, "x", "y", "y_new"),
        }
