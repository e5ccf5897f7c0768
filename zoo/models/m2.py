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
from tensorflow_probability import distributions as tfd

from zoo import data, networks, seeds
from zoo.models.augmentation import shift
from zoo.models.classifying import Classifies
from zoo.models.cvae import CVAE
from zoo.models.traits import Trait
from zoo.objectives.labels import label_terms


class LabelBounds(CVAE):
    """L(x, y) and U(x), for any q(y|x): q(z|x,y), p(x|y,z), p(y), p(z)."""

    learns_from_unlabelled = True
    shared_fields = ("batch_size", "labelled_rows")
    terms_of_labels = ("cross_entropy", "error")

    def __init__(self, config, spec):
        super().__init__(config, spec)
        # Steps in which q(y|x) learns from labels alone.
        self.label_steps = 0

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from data.labelled.conflicts(config)

    def rows_to_learn(self, split):
        return data.labelled.hide_labels(split, self.config, self.spec)

    def set_schedule(self, total_steps):
        super().set_schedule(total_steps)
        self.label_steps = round(self.config.labels_first * (total_steps or 0))
        self.annealing_steps = max(self.annealing_steps, self.label_steps)

    def every_label_terms(self, x, seed, training):
        """Returns the terms of log p(x|y)'s bound for every y, [K, B] each: one batch of K B rows.

        y is enumerated rather than sampled, so that U(x) is exact in y.
        """
        count, rows = self.spec.num_classes, tf.shape(x)[0]
        y = tf.repeat(tf.range(count), rows)  # [K B]
        terms = self.bound_terms(x, y, seed, training, times=count)
        return {name: tf.reshape(term, [count, rows]) for name, term in terms.items()}

    def semi_supervised_terms(self, q_y, batch, seed, training=False):
        """Returns "loss", "rate", "distortion", "cross_entropy" and "error", [B] each.

        In training the loss is L(x, y) where a label is known and U(x) where y is -1, and the
        labelled rows' cross-entropy by the weight alpha (equation 9); elsewhere it is U(x) of all
        rows, at beta = 1 a bound on log p(x), which no label enters. Rate and distortion are given
        the label, or means under q(y|x) where there is none.

        Args:
          q_y: q(y|x) of the rows.
          batch: {"x": [B, ...], "y": int32 [B], -1 where no label is known}.
          seed: int32 [2].
          training: whether this is a training step.
        """
        y, classes = batch["y"], self.spec.num_classes
        given_y = self.every_label_terms(batch["x"], seed, training)  # [K, B] each
        bound = given_y.pop("loss") + math.log(classes)  # L(x, y), as p(y) = 1 / K

        label = tf.one_hot(y, classes, axis=0)  # [K, B], no 1 where y = -1
        probs, entropy = tf.transpose(q_y.probs_parameter()), q_y.entropy()  # [K, B], [B]
        if training:
            probs, entropy = (self.held_at_first(part) for part in (probs, entropy))
        labelled = tf.reduce_sum(label * bound, 0)  # L(x, y)
        unlabelled = tf.reduce_sum(probs * bound, 0) - entropy  # U(x)

        of_labels = label_terms(q_y, y, training)
        loss = unlabelled
        if training:
            loss = tf.where(y >= 0, labelled, unlabelled)
            loss += self.config.alpha * of_labels["cross_entropy"]
        weight = tf.where(y >= 0, label, probs)
        means = {name: tf.reduce_sum(weight * term, 0) for name, term in given_y.items()}
        return {"loss": loss, **means, **of_labels}

    def held_at_first(self, of_q_y):
        """Returns a tensor of q(y|x), a constant while q(y|x) learns from labels alone."""
        learns = tf.cast(self.step >= self.label_steps, of_q_y.dtype)
        return learns * of_q_y + (1.0 - learns) * tf.stop_gradient(of_q_y)


class M2(Classifies, LabelBounds):
    """q(y|x) beside all that the bounds are made of."""

    answers_with_label = False

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.classifier = networks.encoder(
            config.class_network, spec.shape, config.class_hidden, spec.num_classes
        )
        self.convolutional = "conv" in (config.network, config.class_network)

    @property
    def traits(self):
        return super().traits | {Trait.CLASSES}

    def class_posterior(self, x):
        """q(y|x)"""
        return tfd.Categorical(logits=self.classifier(self.likelihoods.standardize(x)))

    def loss_terms(self, batch, seed, training=False):
        """Returns `semi_supervised_terms`; in training q(y|x) sees images moved a little."""
        x = batch["x"]
        if training and self.config.max_shift:
            x = shift(x, self.config.max_shift, seeds.fold_in(seed, 1))
        return self.semi_supervised_terms(self.class_posterior(x), batch, seed, training)

    def classify(self, x):
        """Returns q(y|x), [B, K]."""
        return self.class_posterior(x).probs_parameter()

    def signatures(self):
        return {**super().signatures(), "classify": self.classify_signature()}
