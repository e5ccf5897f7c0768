"""Improved GAN: a discriminator that knows the classes, from a few labels and many images.

Salimans et al. 2016, Improved Techniques for Training GANs (arXiv 1606.03498), section 5. D has K
logits l_k(x); that of a class K + 1, "generated", is fixed at 0. With Z(x) = sum_k exp l_k(x), x is
real with probability Z / (Z + 1), so log Z is the logit of a binary classifier:

    D minimises  -E log p(y | x, y <= K)  -  (E log D(x) + E log(1 - D(G(z)))) / 2
    G minimises  |E f(x) - E f(G(z))|^2,  f the last hidden layer of D

The latter, feature matching (section 3.1), makes a good classifier and poor samples; with minibatch
discrimination (section 3.2) and the usual loss of G it is the other way round.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import data, replicas, seeds
from zoo.models.capabilities import Capability
from zoo.models.classifying import Classifies
from zoo.models.gan import AlternatingUpdates, Examples
from zoo.networks.generator import Generator
from zoo.networks.weight_norm import NoisyClassifier
from zoo.objectives.labels import label_terms

# Training rows from which weight normalisation is initialised.
INITIAL_ROWS = 500


class ImprovedGAN(Classifies, AlternatingUpdates):
    """D is a classifier of K + 1 classes; evaluation uses the average of its weights, too.

    In a batch the rows with labels come first. If they are not in the config's ratio to the
    others, as in Keras' `fit`, the same share of the rows counts as labelled.
    """

    rules = dataclasses.replace(
        AlternatingUpdates.rules,
        needs_labels=True,
        learns_from_unlabelled=True,
        keeps_best=False,
        precisions=("float32",),
        fields_split_over_replicas=("batch_size", "labelled_rows"),
        label_terms=("cross_entropy", "error"),
    )
    discriminator_loss_names = ("d_loss", "cross_entropy")

    # --- Algorithm 1 ------------------------------------------------------------------------

    def learn(self, batch, seed):
        batch, config, group = self.pad_to_multiple(batch), self.config, self.group_size
        x, y = batch["x"], batch["y"]
        rows = tf.shape(x)[0]
        # As many generated rows as rows without labels, which come last in a batch.
        count = rows - rows * config.labelled_rows // config.batch_size
        count = tf.maximum(count // group, 1) * group
        z = seeds.sample(self.prior(), count, seeds.fold_in(seed, 0))
        with tf.GradientTape() as tape:
            fake = self.generate(z, training=True)
        # 1. An update of D on all rows.
        examples = Examples(x, fake, y, z, seeds.fold_in(seed, 1))
        d_terms = self.update_discriminator(examples)
        # 2. An update of G, next to the rows without labels.
        examples = examples._replace(real=x[rows - count :], y=None, seed=seeds.fold_in(seed, 2))
        return {**d_terms, **self.update_generator(examples, tape)}

    def discriminator_terms(self, examples, training=False):
        classifier, count = self.discriminator, tf.shape(examples.fake)[0]
        x = tf.concat([examples.real, examples.fake], 0)
        logits = classifier.logits(classifier.features(x, examples.seed if training else None))
        q_y = tfd.Categorical(logits=logits[:-count])
        log_z = tf.reduce_logsumexp(logits, -1)  # [B + B']
        # Rows with labels, the first of a batch in training, are not used to tell real from
        # generated: they are the same few in each step.
        terms = self.loss.terms(log_z[-2 * count : -count], log_z[-count:])
        terms["d_loss"] /= 2.0
        return {**terms, **label_terms(q_y, examples.y, training)}

    def generator_loss(self, examples):
        if not self.matches_features:
            return self.loss.generator(None, self.logits(examples.fake))
        of_real, of_fake = (
            tf.reduce_mean(self.discriminator.features(x, seeds.fold_in(examples.seed, i)), 0)
            for i, x in enumerate((examples.real, examples.fake))
        )
        of_real, of_fake = (replicas.all_reduce("mean", mean) for mean in (of_real, of_fake))
        return tf.reduce_sum(tf.square(tf.stop_gradient(of_real) - of_fake))

    def loss_terms(self, batch, seed, training=False):
        """Returns both players' losses and D's outputs, [B] each.

        Feature matching is a single number for all examples.
        """
        rows, batch = tf.shape(batch["x"])[0], self.pad_to_multiple(batch)
        padded = tf.shape(batch["x"])[0]
        z = seeds.sample(self.prior(), padded, seed)
        examples = Examples(batch["x"], self.generate(z), batch["y"], z, seed)
        g_loss = tf.broadcast_to(self.generator_loss(examples), [padded])
        terms = {**self.discriminator_terms(examples), "g_loss": g_loss}
        return {name: term[:rows] for name, term in terms.items()}

    def rows_to_learn(self, split):
        return data.labelled.hide_labels(split, self.config, self.spec)

    # --- The players ------------------------------------------------------------------------

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.matches_features = config.technique == "feature_matching"
        self.group_size = self.discriminator.group_size

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

    def make_weights(self, batch):
        super().make_weights(batch)
        # Scales are not learned, so Keras' `fit` without initial data needs some, too.
        noise = np.random.default_rng(0).random((100, *self.spec.shape), np.float32)
        noise = self.pad_to_multiple({"x": tf.constant(noise)})["x"]
        self.discriminator.initialize_from_data(noise, seeds.root(0))

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        # From the whole split, which may be sorted by class.
        chosen = np.linspace(0, split.size - 1, min(INITIAL_ROWS, split.size)).astype(int)
        rows = data.to_memory(split.where(np.isin(np.arange(split.size), chosen)))
        batch = next(iter(rows.batches(rows.size, self.config.pixels)))
        seed = seeds.stream(self.config.seed, seeds.Stream.STARTS)
        self.discriminator.initialize_from_data(self.pad_to_multiple(batch)["x"], seed)

    @property
    def capabilities(self):
        return super().capabilities | ({Capability.CLASSES} if self.matches_features else set())

    def averaged_variables(self):
        return super().averaged_variables() + self.discriminator.trainable_variables

    def logits(self, x, y=None):
        """log Z(x), the logit of being real, [B]."""
        return tf.reduce_logsumexp(self.discriminator(x), -1)

    def warning(self, terms, split):
        # With feature matching G does not learn from D's logits.
        ignored = ("saturated",) if self.matches_features else ()
        return super().warning({k: v for k, v in terms.items() if k not in ignored}, split)

    # --- Serving ----------------------------------------------------------------------------

    def classify(self, x):
        """Returns p(y|x, y <= K), [B, K]."""
        return tf.nn.softmax(self.discriminator(x))

    def signatures(self):
        # Minibatch discrimination has no answer for a single row.
        answer = {"classify": self.classify_signature()} if self.matches_features else {}
        return {**super().signatures(), **answer}

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        yield from data.labelled.config_problems(config)
        if config.loss not in ("minimax", "non_saturating"):
            yield (
                f"loss={config.loss!r} is not that of a classifier of K + 1 classes: choose "
                "--config.loss=non_saturating."
            )
        rows = config.labelled_rows, config.batch_size - config.labelled_rows
        if config.technique == "minibatch_discrimination" and math.gcd(*rows) % config.group:
            yield (
                f"A batch has {rows[0]} rows with labels and {rows[1]} without, which cannot be "
                f"compared in groups of {config.group}: choose a --config.group that divides both."
            )
