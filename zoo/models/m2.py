"""M2: a conditional VAE that also learns from images without labels.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), section 2.2. p(x, y, z) = p(x|y,z) p(y) p(z) with y uniform, and

    q(z|x,y) q(y|x), whose second factor is the classifier.

The bounds of an image with a label (equation 6) and without (equation 7):

    log p(x,y) >= E_q(z|x,y) [log p(x|y,z) + log p(y) + log p(z) - log q(z|x,y)]  =  -L(x, y)
    log p(x)   >= sum_y q(y|x) (-L(x, y)) + H(q(y|x))                             =  -U(x)
"""

import dataclasses
import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import data, networks, seeds
from zoo.models.augmentation import shift
from zoo.models.capabilities import Capability
from zoo.models.classifying import Classifies
from zoo.models.cvae import CVAE
from zoo.models.vae import VAE
from zoo.objectives.labels import label_terms


class LabelBounds(CVAE):
    """L(x, y) and U(x), for any q(y|x): q(z|x,y), p(x|y,z), p(y), p(z)."""

    rules = dataclasses.replace(
        CVAE.rules,
        learns_from_unlabelled=True,
        fields_split_over_replicas=("batch_size", "labelled_rows"),
        label_terms=("cross_entropy", "error"),
    )

    def __init__(self, config, spec):
        super().__init__(config, spec)
        # Number of first steps in which q(y|x) learns from labels alone.
        self.label_steps = 0

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        yield from data.labelled.config_problems(config)

    def rows_to_learn(self, split):
        return data.labelled.hide_labels(split, self.config, self.spec)

    def set_warm_up(self, total_steps):
        super().set_warm_up(total_steps)
        self.label_steps = round(self.config.labels_first * (total_steps or 0))
        self.annealing_steps = max(self.annealing_steps, self.label_steps)

    def every_label_terms(self, x, seed, training):
        """Returns the terms of the bound on log p(x|y) for every y, [K, B] each.

        y is enumerated rather than sampled, so that U(x) is exact in y.
        """
        count, rows = self.spec.num_classes, tf.shape(x)[0]
        y = tf.repeat(tf.range(count), rows)  # [K B]
        terms = VAE.loss_terms(self, {"x": x, "y": y}, seed, training, times=count)
        return {name: tf.reshape(term, [count, rows]) for name, term in terms.items()}

    def semi_supervised_terms(self, q_y, batch, seed, training=False):
        """Returns "loss", "rate", "distortion", "cross_entropy" and "error", [B] each.

        In training the loss is L(x, y) if the label is known and U(x) if y is -1, plus alpha times
        the cross-entropy of the labelled rows (equation 9). Otherwise it is U(x) for all rows,
        without labels: at beta = 1 a bound on log p(x). Rate and distortion are those given the
        label, or means under q(y|x) if there is none.

        Args:
          q_y: q(y|x) of the rows, a Categorical.
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
            probs, entropy = map(self.detach_during_label_phase, (probs, entropy))
        labelled = tf.reduce_sum(label * bound, 0)  # L(x, y)
        unlabelled = tf.reduce_sum(probs * bound, 0) - entropy  # U(x)

        classification = label_terms(q_y, y, training)
        loss = unlabelled
        if training:
            loss = tf.where(y >= 0, labelled, unlabelled)
            loss += self.config.alpha * classification["cross_entropy"]
        weight = tf.where(y >= 0, label, probs)
        means = {name: tf.reduce_sum(weight * term, 0) for name, term in given_y.items()}
        return {"loss": loss, **means, **classification}

    def detach_during_label_phase(self, tensor):
        """Returns a tensor of q(y|x), detached while q(y|x) learns from labels alone."""
        learns = tf.cast(self.step >= self.label_steps, tensor.dtype)
        return learns * tensor + (1.0 - learns) * tf.stop_gradient(tensor)


class M2(Classifies, LabelBounds):
    """q(y|x) beside q(z|x,y), p(x|y,z), p(y) and p(z)."""

    rules = dataclasses.replace(LabelBounds.rules, call_takes_labels=False)

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.classifier = networks.encoder(
            config.class_network, spec.shape, config.class_hidden, spec.num_classes
        )
        self.convolutional = "conv" in (config.network, config.class_network)

    @property
    def capabilities(self):
        return super().capabilities | {Capability.CLASSES}

    def class_posterior(self, x):
        """q(y|x)"""
        return tfd.Categorical(logits=self.classifier(self.likelihood_layer.standardize(x)))

    def loss_terms(self, batch, seed, training=False):
        """Returns `semi_supervised_terms`; in training q(y|x) sees shifted images."""
        x = batch["x"]
        if training and self.config.max_shift:
            x = shift(x, self.config.max_shift, seeds.fold_in(seed, 1))
        return self.semi_supervised_terms(self.class_posterior(x), batch, seed, training)

    def classify(self, x):
        """Returns q(y|x), [B, K]."""
        return self.class_posterior(x).probs_parameter()

    def signatures(self):
        return {**super().signatures(), "classify": self.classify_signature()}
