"""InfoGAN: a GAN whose codes can be read off the image.

Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets (arXiv 1606.03657). A code is (c, u, noise): a category c, uniform
numbers u, and what no one asks for. Q(c, u | x), a head on D's last hidden layer, bounds from below
the mutual information of x = G(c, u, noise) and them (equation 5):

    I(c, u; x)  >=  E log Q(c, u | x) + H(c, u)  =  L_I
    D and Q minimise  d(D(x), D(G))  - information * L_I  + agreement * A  + contrast * C
                                     - real_information * M
    G       minimises       g(D(G))  - information * L_I

In equation 6 there D is not paid for L_I; here, as in the authors' code, the layers that it shares
with Q are. The entropy H is constant, and left out.

A category may stand for anything that can be read off images: how thick strokes are, where they
lie. For it to stand for what they show, the paper relies on the networks. Here Q reads c off images
distorted by T at random, and learns from real images, too: of x and T x it has to say the same, its
hidden layers there have to be more alike than those of different images (Ojha et al. 2020,
Elastic-InfoGAN, arXiv 1910.01112), and it has to tell images apart (Hu et al. 2017, Learning
Discrete Representations via Information Maximizing Self-Augmented Training, arXiv 1702.08720,
equation 6):

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
from zoo.models import refusals
from zoo.models.augmentation import distort
from zoo.models.gan import GAN
from zoo.models.traits import Trait
from zoo.networks import adversarial as networks
from zoo.objectives import penalties

# Of q(u|x), a Gaussian around what Q reads.
SCALE = 1.0

TEMPERATURE = 0.5
# Weights of what Q learns from real images.
ON_REAL_IMAGES = ("agreement", "contrast", "real_information")
# Weight mu of the entropy of c over all images, beside that of c for each.
BALANCE = 4.0


class InfoGAN(GAN):
    """A GAN with the recognition network Q(c, u | x) beside D."""

    paid_by_discriminator = (
        *GAN.paid_by_discriminator,
        "information_loss",
        "disagreement",
        "contrastive_loss",
        "real_information_loss",
    )

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.recognition = networks.Recognition(
            config.categories + config.uniform_codes, compares=config.contrast > 0.0
        )
        self.sees_real = any(config[field] for field in ON_REAL_IMAGES)

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from refusals.infogan_conflicts(config)

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        yield from refusals.infogan_misfits(config, spec, ON_REAL_IMAGES)

    @property
    def traits(self):
        return super().traits | {Trait.CLUSTERS, Trait.CLUSTER_SAMPLES}

    @property
    def num_clusters(self):
        return self.config.categories

    def see(self, *images):
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
          distorted: that at T x, off which c is read, [B, F].
          z: codes [B, D].
        """
        config = self.config
        c, u, _ = codes.split(z, config)
        of_c = self.recognise(distorted)[0].log_prob(tf.argmax(c, -1))
        of_u = self.recognise(features)[1].log_prob(u)
        return -config.information * of_c - config.uniform_information * of_u

    def disagreement(self, features, others):
        """The cross-entropy of Q(c | x) and Q(c | T x), both ways, [B] in nats.

        Each is a target for the other, from which no gradient comes.
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
        everyones, place = replicas.gather(views)
        everyones = tf.reshape(everyones, [-1, views.shape[-1]])  # [2 B R, P]
        cosines = tf.matmul(views, everyones, transpose_b=True)  # [2 B, 2 B R]
        own = tf.range(2 * rows) + 2 * rows * place
        itself = tf.one_hot(own, tf.shape(everyones)[0], True, False, dtype=tf.bool)
        logits = tf.where(itself, -np.inf, cosines / TEMPERATURE)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.roll(own, rows, 0), logits)
        return tf.add_n(tf.split(losses, 2)) / 2.0

    def real_information_loss(self, features, others):
        """-M, from D's last hidden layers at x and at T x, [B] in nats."""
        logits = self.recognise(tf.concat([features, others], 0))[0].logits_parameter()
        of_each = tfd.Categorical(logits=logits).entropy()  # [2 B]
        of_all = tf.reduce_mean(tf.nn.softmax(logits), 0)
        of_all = tfd.Categorical(probs=replicas.all_reduce("mean", of_all)).entropy()
        return tf.add_n(tf.split(of_each, 2)) / 2.0 - BALANCE * of_all

    # --- Learning ---------------------------------------------------------------------------

    def discriminator_variables(self):
        return super().discriminator_variables() + self.recognition.trainable_variables

    def discriminator_terms(self, turn, training=False):
        config, penalty = self.config, {}
        if config.r1:
            d_real, slopes = penalties.logits_and_slopes(self.judge, turn.real)
            penalty = {"penalty": config.r1 / 2 * slopes}
        else:
            d_real = self.judge(turn.real)
        terms, real = {}, ()
        if self.sees_real:
            real = turn.real, distort(turn.real, seeds.fold_in(turn.seed, 1))
        features, distorted, *views = self.see_fake(turn, *real)
        if self.sees_real:
            terms["disagreement"] = config.agreement * self.disagreement(*views)
            if config.contrast:
                terms["contrastive_loss"] = config.contrast * self.contrastive_loss(*views)
            loss = self.real_information_loss(*views)
            terms["real_information_loss"] = config.real_information * loss
        terms["information_loss"] = self.information_loss(features, distorted, turn.z)
        return {
            **self.loss.terms(d_real, self.discriminator.logit(features)),
            **penalty,
            **terms,
        }

    def see_fake(self, turn, *others):
        """D's last hidden layer at generated rows x, at T x, and at other batches."""
        if not self.sees_real:
            features = self.discriminator.features(turn.fake)
            return features, features
        return self.see(turn.fake, distort(turn.fake, seeds.fold_in(turn.seed, 0)), *others)

    def against_collapse(self):
        return self.against_steep_slopes()

    def generator_loss(self, turn):
        features, distorted = self.see_fake(turn)
        g_loss = self.loss.generator(None, self.discriminator.logit(features))
        return g_loss + self.information_loss(features, distorted, turn.z)

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
        def sample_cluster(seed, cluster):
            return {"x": self.sample_cluster(seed, cluster)}

        return {
            **super().signatures(),
            "classify": self.signature(lambda x: {"probs": self.responsibilities(x)}, "x"),
            "sample_cluster": self.signature(sample_cluster, "seed", "cluster"),
        }
