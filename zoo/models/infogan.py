"""InfoGAN: a GAN whose codes can be recognised from the image.

Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets (arXiv 1606.03657). A code is (c, u, noise): a category c, uniform
numbers u, and the rest. Q(c, u | x), a head on D's last hidden layer, bounds from below
the mutual information of x = G(c, u, noise) and them (equation 5):

    I(c, u; x)  >=  E log Q(c, u | x) + H(c, u)  =  L_I
    D and Q minimise  d(D(x), D(G))  - information * L_I  + agreement * A  + contrast * C
                                     - real_information * M
    G       minimises       g(D(G))  - information * L_I

In equation 6 of the paper D is not trained on L_I; here, as in the authors' code, the layers that
it shares with Q are. The entropy H is constant and left out.

A category may stand for any visible property, such as the width or position of strokes. The paper
relies on the networks for it to stand for the class. Here Q recognises c from images distorted at
random by T, and also learns from real images: it has to predict the same c for x and T x, its
hidden layers there have to be more alike than those of different images (Ojha et al. 2020,
Elastic-InfoGAN, arXiv 1910.01112), and c has to carry information about the image (Hu et al. 2017,
Learning Discrete Representations via Information Maximizing Self-Augmented Training, arXiv
1702.08720, equation 6):

    A = - E sum_c Q(c | x) log Q(c | T x)
    C = - E log (exp s(x, T x) / sum of exp s(x, x') over all other images x' and T x')
    M = mu H(E Q(c | x)) - E H(Q(c | x))

where s is the cosine of two hidden layers' projections, divided by a temperature (Chen et al. 2020,
A Simple Framework for Contrastive Learning of Visual Representations, arXiv 2002.05709, equation
1). With `agreement`, `contrast` and `real_information` 0 nothing is distorted, and the objective is
InfoGAN's own.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import replicas, seeds
from zoo.distributions import codes
from zoo.models.augmentation import distort
from zoo.models.capabilities import Capability
from zoo.models.gan import GAN
from zoo.networks.recognition import Recognition
from zoo.objectives import penalties

# Standard deviation of q(u|x).
SCALE = 1.0
# Temperature of the softmax over cosines.
TEMPERATURE = 0.5
# Weights of the terms on real images.
ON_REAL_IMAGES = ("agreement", "contrast", "real_information")
# Weight mu of the entropy of c over all images, beside that of c for each.
BALANCE = 4.0
# Settings of D that do not fit beside Q.
FIXED = {
    "packing": 1,
    "minibatch_stddev": False,
    "spectral_norm": False,
    "r2": 0.0,
    "gradient_penalty": 0.0,
}


class InfoGAN(GAN):
    """A GAN with the recognition network Q(c, u | x) beside D."""

    discriminator_loss_names = (
        *GAN.discriminator_loss_names,
        "information_loss",
        "disagreement",
        "contrastive_loss",
        "real_information_loss",
    )

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.recognition = Recognition(
            config.categories + config.uniform_codes, compares=config.contrast > 0.0
        )
        self.sees_real = any(config[field] for field in ON_REAL_IMAGES)

    @property
    def capabilities(self):
        return super().capabilities | {Capability.CLUSTERS, Capability.CLUSTER_SAMPLES}

    @property
    def num_clusters(self):
        return self.config.categories

    def features(self, *images):
        """Returns D's last hidden layer at each of several batches [B, ...], from one pass."""
        return tf.split(self.discriminator.features(tf.concat(images, 0)), len(images))

    def recognise(self, features):
        """q(c|x) and q(u|x), from D's last hidden layer at x."""
        logits, mean = tf.split(
            self.recognition(features), [self.config.categories, self.config.uniform_codes], -1
        )
        return tfd.Categorical(logits=logits), tfd.MultivariateNormalDiag(
            mean, SCALE * tf.ones_like(mean)
        )

    def information_loss(self, features, distorted, z):
        """-log Q(c, u | x) of x = G(z), weighted, [B] in nats: -L_I but for a constant.

        Args:
          features: D's last hidden layer at x, [B, F].
          distorted: that at T x, from which c is recognised, [B, F].
          z: codes [B, D].
        """
        config = self.config
        c, u, _ = codes.split(z, config)
        log_q_c = self.recognise(distorted)[0].log_prob(tf.argmax(c, -1))
        log_q_u = self.recognise(features)[1].log_prob(u)
        return -config.information * log_q_c - config.uniform_information * log_q_u

    def disagreement(self, features, others):
        """The cross-entropy of Q(c | x) and Q(c | T x), both ways, [B] in nats.

        Each is a constant target for the other.
        """
        one, other = (self.recognise(h)[0].logits_parameter() for h in (features, others))

        def cross_entropy(logits, targets):
            return tf.nn.softmax_cross_entropy_with_logits(
                tf.stop_gradient(tf.nn.softmax(targets)), logits
            )

        return (cross_entropy(one, other) + cross_entropy(other, one)) / 2.0

    def contrastive_loss(self, features, others):
        """The cross-entropy of finding T x by x, and x by T x, among all images, [B] in nats."""
        rows = tf.shape(features)[0]
        views = self.recognition.project(tf.concat([features, others], 0))
        views = tf.math.l2_normalize(views, -1)
        all_views, replica = replicas.gather(views)
        all_views = tf.reshape(all_views, [-1, views.shape[-1]])  # [2 B R, P]
        cosines = tf.matmul(views, all_views, transpose_b=True)  # [2 B, 2 B R]
        own = tf.range(2 * rows) + 2 * rows * replica
        itself = tf.one_hot(own, tf.shape(all_views)[0], True, False, dtype=tf.bool)
        logits = tf.where(itself, -np.inf, cosines / TEMPERATURE)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.roll(own, rows, 0), logits)
        return tf.add_n(tf.split(losses, 2)) / 2.0

    def real_information_loss(self, features, others):
        """-M, from D's last hidden layers at x and at T x, [B] in nats."""
        logits = self.recognise(tf.concat([features, others], 0))[0].logits_parameter()
        entropy_per_image = tfd.Categorical(logits=logits).entropy()  # [2 B]
        mean = replicas.all_reduce("mean", tf.reduce_mean(tf.nn.softmax(logits), 0))
        entropy_of_mean = tfd.Categorical(probs=mean).entropy()
        return tf.add_n(tf.split(entropy_per_image, 2)) / 2.0 - BALANCE * entropy_of_mean

    # --- Learning ---------------------------------------------------------------------------

    def discriminator_variables(self):
        return super().discriminator_variables() + self.recognition.trainable_variables

    def discriminator_terms(self, examples, training=False):
        config, penalty = self.config, {}
        if config.r1:
            d_real, squared = penalties.logits_and_squared_gradients(self.logits, examples.real)
            penalty = {"penalty": config.r1 / 2 * squared}
        else:
            d_real = self.logits(examples.real)
        terms, real = {}, ()
        if self.sees_real:
            real = examples.real, distort(examples.real, seeds.fold_in(examples.seed, 1))
        features, distorted, *views = self.fake_features(examples, *real)
        if self.sees_real:
            terms["disagreement"] = config.agreement * self.disagreement(*views)
            if config.contrast:
                terms["contrastive_loss"] = config.contrast * self.contrastive_loss(*views)
            loss = self.real_information_loss(*views)
            terms["real_information_loss"] = config.real_information * loss
        terms["information_loss"] = self.information_loss(features, distorted, examples.z)
        return {
            **self.loss.terms(d_real, self.discriminator.logit(features)),
            **penalty,
            **terms,
        }

    def fake_features(self, examples, *others):
        """D's last hidden layer at generated examples x, at T x, and at other batches."""
        fake = examples.fake
        if not self.sees_real:
            features = self.discriminator.features(fake)
            return features, features
        return self.features(fake, distort(fake, seeds.fold_in(examples.seed, 0)), *others)

    def generator_loss(self, examples):
        features, distorted = self.fake_features(examples)
        g_loss = self.loss.generator(None, self.discriminator.logit(features))
        return g_loss + self.information_loss(features, distorted, examples.z)

    def collapse_remedies(self):
        return self.gradient_remedies()

    # --- Serving ----------------------------------------------------------------------------

    def responsibilities(self, x):
        """Returns q(c|x), [B, K]."""
        return self.recognise(self.discriminator.features(x))[0].probs_parameter()

    def sample_cluster(self, seed, cluster):
        """Returns G(c, u, noise) with c given and the rest drawn by the seeds [B]."""
        _, u, noise = codes.split(seeds.row_sample(self.prior(), seed), self.config)
        c = tf.one_hot(cluster, self.config.categories)
        return self.generate(tf.concat([c, u, noise], -1))

    def signatures(self):
        return {
            **super().signatures(),
            "classify": self.signature(self.responsibilities, "x", output="probs"),
            "sample_cluster": self.signature(self.sample_cluster, "seed", "cluster", output="x"),
        }

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        named = config.categories + config.uniform_codes
        if config.latent_dim <= named:
            yield (
                f"latent_dim={config.latent_dim} has no room for noise beside categories="
                f"{config.categories} and uniform_codes={config.uniform_codes}: choose "
                f"--config.latent_dim={named + 1} or more."
            )
        if config.loss == "relativistic":
            yield (
                f"loss='relativistic' pairs real and generated rows, which is not for "
                f"{config.model!r}: choose --config.loss=non_saturating."
            )
        for field, value in FIXED.items():
            if config[field] != value:
                yield (
                    f"{field}={config[field]} is not for {config.model!r}: choose "
                    f"--config.{field}={value}."
                )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        for field in ON_REAL_IMAGES:
            if config[field] and len(spec.shape) != 3:
                yield (
                    f"{field}={config[field]} is on distorted images, dataset {config.dataset!r} "
                    f"has rows of shape {list(spec.shape)}: choose --config.{field}=0."
                )
