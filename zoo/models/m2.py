"""M2: a conditional VAE that also learns from images without labels.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), section 2.2. p(x, y, z) = p(x|y,z) p(y) p(z) with y uniform, and

    q(z|x,y) q(y|x), whose second factor is the classifier.

Of an image with a label (equation 6) and of one without (equation 7):

    log p(x,y) >= E_q(z|x,y) [log p(x|y,z) + log p(y) + log p(z) - log q(z|x,y)]  =  -L(x, y)
    log p(x)   >= sum_y q(y|x) (-L(x, y)) + H(q(y|x))                             =  -U(x)
"""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from zoo import data, networks, seeds
from zoo.models.augmentation import shift
from zoo.models.cvae import CVAE
from zoo.models.traits import Trait

tfd = tfp.distributions


class M2(CVAE):
    """q(y|x), q(z|x,y), p(x|y,z), p(y), p(z)."""

    learns_from_unlabelled = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.rows_at_once = data.labelled.rows_at_once(config)
        self.classifier = networks.encoder(
            config.network, spec.shape, config.hidden, spec.num_classes
        )

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from data.labelled.conflicts(config)

    def rows_to_learn(self, split):
        return data.labelled.hide_labels(split, self.config, self.spec)

    @property
    def traits(self):
        return super().traits | {Trait.CLASSES}

    def class_posterior(self, x):
        """q(y|x)"""
        return tfd.Categorical(logits=self.classifier(x))

    def every_label_terms(self, x, seed, training):
        """Returns the terms of log p(x|y)'s bound for every y, [K, B] each: one batch of K B rows.

        y is enumerated rather than sampled, so that U(x) is exact in y.
        """
        count, rows = self.spec.num_classes, tf.shape(x)[0]
        y = tf.repeat(tf.range(count), rows)  # [K B]
        x = tf.tile(x, [count, *[1] * (len(x.shape) - 1)])
        terms = super().loss_terms({"x": x, "y": y}, seed, training)
        return {name: tf.reshape(term, [count, rows]) for name, term in terms.items()}

    def loss_terms(self, batch, seed, training=False):
        """Returns "loss", "rate", "distortion", "cross_entropy" and "error", [B] each.

        In training the loss is L(x, y) where a label is known and U(x) where y is -1, and the
        labelled rows' cross-entropy by the weight alpha (equation 9); elsewhere it is U(x) of all
        rows, a bound on log p(x) that no label enters. Rate and distortion are given the label, or
        means under q(y|x) where there is none.
        """
        config, x, y = self.config, batch["x"], batch["y"]
        if training and config.max_shift and self.of_images:
            x = shift(x, config.max_shift, seeds.fold_in(seed, 1))
        q_y = self.class_posterior(x)
        given_y = self.every_label_terms(x, seed, training)  # [K, B] each
        bound = given_y.pop("loss") + math.log(self.spec.num_classes)  # L(x, y)

        label = tf.one_hot(y, self.spec.num_classes, axis=0)  # [K, B], no 1 where y = -1
        probs = tf.transpose(q_y.probs_parameter())  # [K, B]
        labelled = tf.reduce_sum(label * bound, 0)
        unlabelled = tf.reduce_sum(probs * bound, 0) - q_y.entropy()  # U(x)

        of_labels = self.label_terms(q_y, y)
        if training:
            loss = tf.where(y >= 0, labelled, unlabelled)
            loss += config.alpha * of_labels["cross_entropy"]
        else:
            loss = unlabelled
        weight = tf.where(y >= 0, label, probs)
        return {
            "loss": loss,
            **{name: tf.reduce_sum(weight * term, 0) for name, term in given_y.items()},
            **of_labels,
        }

    def label_terms(self, q_y, y):
        """Returns "cross_entropy" and "error" of q(y|x): their means are over labelled rows."""
        known = tf.cast(y >= 0, tf.float32)  # [B]
        share = tf.math.divide_no_nan(known, tf.reduce_mean(known))
        return {
            "cross_entropy": -share * q_y.log_prob(tf.maximum(y, 0)),
            "error": share * tf.cast(q_y.mode() != y, tf.float32),
        }

    def classify(self, x):
        """Returns q(y|x), [B, K]."""
        return self.class_posterior(x).probs_parameter()

    def signatures(self):
        classify = self.signature(lambda x: {"probs": self.classify(x)}, "x")
        return {**super().signatures(), "classify": classify}
