"""Improved GAN: a discriminator that knows the classes, from a few labels and many images.

Salimans et al. 2016, Improved Techniques for Training GANs (arXiv 1606.03498), section 5. D has K
logits l_k(x); that of a class K + 1, "generated", is held at 0. With Z(x) = sum_k exp l_k(x) a row
is real with the probability Z / (Z + 1), so that log Z is the logit of a binary classifier:

    D minimises  -E log p(y | x, y <= K)  -  (E log D(x) + E log(1 - D(G(z)))) / 2
    G minimises  |E f(x) - E f(G(z))|^2,  f the last hidden layer of D

The latter, feature matching (section 3.1), makes a good classifier and poor samples; with minibatch
discrimination (section 3.2) and the usual loss of G it is the other way round.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import data, replicas, seeds
from zoo.models import refusals
from zoo.models.adversarial import Adversarial, Turn
from zoo.models.classifying import Classifies
from zoo.models.traits import Trait
from zoo.networks.adversarial import Generator
from zoo.networks.weight_norm import NoisyClassifier
from zoo.objectives.labels import label_terms

# Training rows by which weight normalisation starts.
START_ROWS = 500


class ImprovedGAN(Classifies, Adversarial):
    """D is a classifier of K + 1 classes; evaluation uses the average of its weights too.

    In a batch the rows with labels come first. Where they are not in the config's ratio to the
    others, as in Keras' `fit`, the same share of the rows counts as such.
    """

    needs_labels = learns_from_unlabelled = True
    keeps_best = False
    precisions = ("float32",)
    shared_fields = ("batch_size", "labelled_rows")
    terms_of_labels = ("cross_entropy", "error")
    paid_by_discriminator = ("d_loss", "cross_entropy")

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.matches_features = config.technique == "feature_matching"
        self.rows_at_once = self.discriminator.rows_at_once

    def make_generator(self):
        config = self.config
        return Generator(config.network, self.spec.shape, config.g_hidden, (), True, "softplus")

    def make_discriminator(self):
        config = self.config
        return NoisyClassifier(
            config.network,
            self.spec.shape,
            config.d_hidden,
            self.spec.num_classes,
            config.input_noise,
            config.hidden_noise,
            1 if config.technique == "feature_matching" else config.group,
        )

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from data.labelled.conflicts(config)
        yield from refusals.improved_gan_conflicts(config)

    def rows_to_learn(self, split):
        return data.labelled.hide_labels(split, self.config, self.spec)

    def make_weights(self, batch):
        super().make_weights(batch)
        # Scales are not learned: Keras' `fit`, which starts from no data, needs some, too.
        noise = np.random.default_rng(0).random((100, *self.spec.shape), np.float32)
        self.discriminator.start(self.fill({"x": tf.constant(noise)})["x"], seeds.root(0))

    def start_from(self, split):
        super().start_from(split)
        # From all over the split, which may be sorted by class.
        chosen = np.linspace(0, split.size - 1, min(START_ROWS, split.size)).astype(int)
        rows = data.to_memory(split.where(np.isin(np.arange(split.size), chosen)))
        batch = next(iter(rows.batches(rows.size, self.config.pixels)))
        seed = seeds.stream(self.config.seed, seeds.Stream.STARTS)
        self.discriminator.start(self.fill(batch)["x"], seed)

    @property
    def traits(self):
        return super().traits | ({Trait.CLASSES} if self.matches_features else set())

    def averaged_variables(self):
        return super().averaged_variables() + self.discriminator.trainable_variables

    def judge(self, x, y=None):
        """log Z(x), the logit of being real, [B]."""
        return tf.reduce_logsumexp(self.discriminator(x), -1)

    def remark(self, terms, split):
        # Whoever matches features does not learn from D's logits.
        unread = ("saturated",) if self.matches_features else ()
        return super().remark({k: v for k, v in terms.items() if k not in unread}, split)

    # --- Learning ---------------------------------------------------------------------------

    def learn(self, batch, seed):
        batch, config, group = self.fill(batch), self.config, self.rows_at_once
        x, y = batch["x"], batch["y"]
        rows = tf.shape(x)[0]
        # As many generated rows as there are rows without labels, which come last in a batch.
        count = rows - rows * config.labelled_rows // config.batch_size
        count = tf.maximum(count // group, 1) * group
        z = seeds.sample(self.prior(), count, seeds.fold_in(seed, 0))
        with tf.GradientTape() as tape:
            fake = self.generate(z, training=True)
        turn = Turn(x, fake, y, z, seeds.fold_in(seed, 1))
        terms = self.update_discriminator(turn)
        turn = turn._replace(real=x[rows - count :], y=None, seed=seeds.fold_in(seed, 2))
        return {**terms, **self.update_generator(turn, tape)}

    def discriminator_terms(self, turn, training=False):
        classifier, count = self.discriminator, tf.shape(turn.fake)[0]
        x = tf.concat([turn.real, turn.fake], 0)
        logits = classifier.logits(classifier.features(x, turn.seed if training else None))
        q_y = tfd.Categorical(logits=logits[:-count])
        log_z = tf.reduce_logsumexp(logits, -1)  # [B + B']
        # Rows with labels, the first of a batch in training, are not judged: they are the same few
        # at each step.
        terms = self.loss.terms(log_z[-2 * count : -count], log_z[-count:])
        terms["d_loss"] /= 2.0
        return {**terms, **label_terms(q_y, turn.y, training)}

    def generator_loss(self, turn):
        if not self.matches_features:
            return self.loss.generator(None, self.judge(turn.fake))
        of_real, of_fake = (
            tf.reduce_mean(self.discriminator.features(x, seeds.fold_in(turn.seed, i)), 0)
            for i, x in enumerate((turn.real, turn.fake))
        )
        of_real, of_fake = (replicas.all_reduce("mean", mean) for mean in (of_real, of_fake))
        return tf.reduce_sum(tf.square(tf.stop_gradient(of_real) - of_fake))

    def loss_terms(self, batch, seed, training=False):
        """Returns what both players minimise and D says, [B] each; feature matching is of all."""
        rows, batch = tf.shape(batch["x"])[0], self.fill(batch)
        filled = tf.shape(batch["x"])[0]
        z = seeds.sample(self.prior(), filled, seed)
        turn = Turn(batch["x"], self.generate(z), batch["y"], z, seed)
        g_loss = tf.broadcast_to(self.generator_loss(turn), [filled])
        terms = {**self.discriminator_terms(turn), "g_loss": g_loss}
        return {name: term[:rows] for name, term in terms.items()}

    # --- Serving ----------------------------------------------------------------------------

    def classify(self, x):
        """Returns p(y|x, y <= K), [B, K]."""
        return tf.nn.softmax(self.discriminator(x))

    def signatures(self):
        # Minibatch discrimination has no answer for a single row.
        answer = {"classify": self.classify_signature()} if self.matches_features else {}
        return {**super().signatures(), **answer}
