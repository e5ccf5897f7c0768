"""InfoGAN: a GAN whose codes can be read off the image.

Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing
Generative Adversarial Nets (arXiv 1606.03657). A code is (c, u, noise): a category c, uniform
numbers u, and what no one asks for. Q(c, u | x), a head on D's last hidden layer, bounds from below
how much x = G(c, u, noise) tells of them (equation 5):

    I(c, u; x)  >=  E log Q(c, u | x) + H(c, u)  =  L_I
    D and Q minimise  d(D(x), D(G))  - information * L_I
    G       minimises       g(D(G))  - information * L_I

In equation 6 there D is not paid for L_I; here, as in the authors' code, the layers that it shares
with Q are. The entropy H is constant, and left out. Categories come out as the clusters of the
data, digits for example, though no label is seen.
"""

import tensorflow as tf
import tensorflow_probability as tfp

from zoo import seeds
from zoo.distributions import codes
from zoo.models.gan import GAN
from zoo.models.traits import Trait
from zoo.networks import adversarial as networks
from zoo.objectives import penalties

tfd = tfp.distributions


# Of q(u|x), a Gaussian around what Q reads.
SCALE = 0.5


class InfoGAN(GAN):
    """A GAN with the recognition network Q(c, u | x) beside D."""

    paid_by_discriminator = (*GAN.paid_by_discriminator, "information_loss")

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.recognition = networks.Recognition(config.categories + config.uniform_codes)

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
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
        own = {
            "codes": "informative",
            "packing": 1,
            "minibatch_stddev": False,
            "spectral_norm": False,
            "r2": 0.0,
            "gradient_penalty": 0.0,
        }
        for field, value in own.items():
            if config[field] != value:
                yield (
                    f"{field}={config[field]} is not for {config.model!r}: choose "
                    f"--config.{field}={value}."
                )

    @property
    def traits(self):
        return super().traits | {Trait.CLUSTERS, Trait.CLUSTER_SAMPLES}

    @property
    def num_clusters(self):
        return self.config.categories

    def recognise(self, features):
        """q(c|x) and q(u|x), from D's last hidden layer at x."""
        logits, mean = tf.split(
            self.recognition(features), [self.config.categories, self.config.uniform_codes], -1
        )
        return tfd.Categorical(logits=logits), tfd.MultivariateNormalDiag(
            mean, SCALE * tf.ones_like(mean)
        )

    def information_loss(self, features, z):
        """-log Q(c, u | x) of x = G(z), [B] in nats: -L_I but for a constant."""
        c, u, _ = codes.split(z, self.config)
        q_c, q_u = self.recognise(features)
        return -q_c.log_prob(tf.argmax(c, -1)) - q_u.log_prob(u)

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
        features = self.discriminator.features(turn.fake)
        terms = self.loss.terms(d_real, self.discriminator.logit(features))
        information_loss = config.information * self.information_loss(features, turn.z)
        return {**terms, **penalty, "information_loss": information_loss}

    def against_collapse(self):
        return self.against_steep_slopes()

    def generator_loss(self, turn):
        features = self.discriminator.features(turn.fake)
        g_loss = self.loss.generator(None, self.discriminator.logit(features))
        return g_loss + self.config.information * self.information_loss(features, turn.z)

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
