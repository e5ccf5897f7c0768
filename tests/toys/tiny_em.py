"""EM without any gradient, to prove that the loop, checkpoints and export take it."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from zoo.configs import common
from zoo.models.base import GenerativeModel

tfd = tfp.distributions


def get_config():
    config = common.get_config()
    config.model = config.family = "tiny_em"
    config.num_components = 3
    config.batch_size = 8
    config.num_epochs = 2
    return config


get_tiny = get_config


class TinyEM(GenerativeModel):
    """Mixture of unit-variance Gaussians over flattened images; only weights and means learn."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.dim, k = math.prod(spec.shape), config.num_components
        self.means = self._state("means", (k, self.dim), "random_uniform")
        self.weight = self._state("weight", (k,), "ones")
        self.counts = self._state("counts", (k,), "zeros")
        self.sums = self._state("sums", (k, self.dim), "zeros")

    def _state(self, name, shape, initializer):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, aggregation="mean"
        )

    def compile_from_config(self, total_steps):
        self.compile()

    def optimizers(self):
        return {}

    def mixture(self):
        return tfd.MixtureSameFamily(
            tfd.Categorical(probs=self.weight.value),
            tfd.MultivariateNormalDiag(self.means.value, tf.ones(self.dim)),
        )

    def flat(self, x):
        return tf.reshape(x, [-1, self.dim])

    def loss_terms(self, batch, seed, training=False):
        return {"loss": -self.mixture().log_prob(self.flat(batch["x"]))}

    def responsibilities(self, x):
        return tf.nn.softmax(self.mixture().posterior_marginal(self.flat(x)).logits_parameter())

    def learn(self, batch, seed):
        r = self.responsibilities(batch["x"])  # [B, K]
        context = tf.distribute.get_replica_context()
        counts, sums = context.all_reduce(
            "sum", [tf.reduce_sum(r, 0), tf.matmul(r, self.flat(batch["x"]), transpose_a=True)]
        )
        self.counts.assign(self.counts + counts)
        self.sums.assign(self.sums + sums)
        return {"loss": tf.reduce_mean(self.loss_terms(batch, seed)["loss"])}

    def end_epoch(self):
        self.weight.assign(self.counts / tf.reduce_sum(self.counts))
        self.means.assign(self.sums / self.counts[:, None])
        self.counts.assign(tf.zeros_like(self.counts))
        self.sums.assign(tf.zeros_like(self.sums))

    def signatures(self):
        return {
            "responsibilities": self.signature(lambda x: {"probs": self.responsibilities(x)}, "x"),
            "score": self.signature(
                lambda x: {"log_prob": self.mixture().log_prob(self.flat(x))}, "x"
            ),
        }


MODEL = TinyEM
