"""Two adversaries in one model, to prove that the loop, checkpoints and export take them."""

import keras
import tensorflow as tf

from zoo import networks, optimizers, seeds
from zoo.configs import common
from zoo.models.base import GenerativeModel


def get_config():
    config = common.get_config()
    config.model = config.family = "tiny_gan"
    config.latent_dim = 2
    config.discriminator_learning_rate = 2e-3
    config.batch_size = 8
    config.num_epochs = 2
    return config


get_tiny = get_config


class TinyGAN(GenerativeModel):
    """Non-saturating GAN of two small MLPs."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.generator = networks.decoder("mlp", spec.shape, (8,))
        self.discriminator = networks.encoder("mlp", spec.shape, (8,), 1)

    def compile_from_config(self, total_steps):
        self.compile(optimizer=optimizers.adam(self.config, total_steps))
        self.optimizer.build(self.generator.trainable_variables)
        self.d_optimizer = optimizers.adam(
            self.config, total_steps, self.config.discriminator_learning_rate
        )
        self.d_optimizer.build(self.discriminator.trainable_variables)

    def optimizers(self):
        return {"optimizer": self.optimizer, "d_optimizer": self.d_optimizer}

    def generate(self, z):
        return tf.sigmoid(self.generator(z))

    def loss_terms(self, batch, seed, training=False):
        z = seeds.normal([tf.shape(batch["x"])[0], self.config.latent_dim], seed)
        real, fake = self.discriminator(batch["x"]), self.discriminator(self.generate(z))
        return {
            "d_loss": tf.nn.softplus(-real)[:, 0] + tf.nn.softplus(fake)[:, 0],
            "g_loss": tf.nn.softplus(-fake)[:, 0],
        }

    def learn(self, batch, seed):
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        turns = [
            ("d_loss", self.d_optimizer, self.discriminator.trainable_variables),
            ("g_loss", self.optimizer, self.generator.trainable_variables),
        ]
        metrics = {}
        for name, optimizer, variables in turns:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self.loss_terms(batch, seed)[name])
                share = loss / replicas
            gradients = tape.gradient(share, [v.value for v in variables])
            optimizers.apply(optimizer, gradients, variables, self.config.clip_norm)
            metrics[name] = loss
        return metrics

    def sample(self, seed):
        return self.generate(seeds.row_normal(seed, self.config.latent_dim))

    def signatures(self):
        return {
            "sample": self.signature(lambda s: {"x": self.sample(s)}, "seed"),
            "decode": self.signature(lambda z: {"x": self.generate(z)}, "z"),
            "discriminate": self.signature(
                lambda x: {"logit": keras.ops.squeeze(self.discriminator(x), -1)}, "x"
            ),
        }


MODEL = TinyGAN
