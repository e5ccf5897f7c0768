"""Training steps per second of one DCGAN: in the zoo's loop, in Keras `fit`, in PyTorch.

A step is an update of D and an update of G on a batch of 128 images in memory, generated once for
both, with Adam at 2e-4. The networks are those of the entry `dcgan` on 28x28 grey images (base
width 32), the loss is the non-saturating one, with or without the gradient penalty R1. Each
contender trains as its users would write it.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from zoo import configs, data, models
from zoo.benchmarks import profile
from zoo.benchmarks.contenders import Contender, Peer, compare_rates, need_torch, time_by_turns
from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.training import steps
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages

BATCH, CODES, RATE, BETAS = 128, 64, 2e-4, (0.5, 0.99)
CHANNELS, UNITS, LEAK = (32, 64), 256, 0.2
# Steps per round.
STEPS = 40


class Zoo(Peer):
    """The zoo's loop, without evaluations and checkpoints; deterministic, as always."""

    name = "zoo"

    def __init__(self, train: data.InMemory, spec: Spec, r1: float):
        self.strategy = strategies.create("default")  # with all that train.py sets
        config = configs.get(
            "dcgan", batch_size=BATCH, learning_rate=RATE, d_learning_rate=RATE, r1=r1, ema=0.0
        )
        self.model = models.create(config, spec)
        self.model.compile_for_run(total_steps=None)
        self.run_steps, _ = steps.function(self.model, self.strategy, MovingAverages([], 0.0))
        self.batches = iter(steps.batches(train, self.model, 0, self.strategy))

    def parameters(self) -> int:
        return sum(int(np.prod(v.shape)) for v in self.model.trainable_variables)

    def run(self, count: int):
        self.run_steps(self.batches, tf.constant(count)).numpy()

    def gigaflop(self) -> float | None:
        """GFLOP per step."""
        return profile.count_step(self.model, self.batches.element_spec)


class KerasFit(Peer):
    """A Keras DCGAN as in Keras' own examples: two Sequential models, `train_step`, `fit`.

    TensorFlow decides whether oneDNN computes its convolutions.
    """

    name = "keras fit"
    unset = ("TF_ENABLE_ONEDNN_OPTS",)

    class DCGAN(keras.Model):
        def __init__(self, r1):
            super().__init__()
            layers, (first, second) = keras.layers, CHANNELS
            conv = functools.partial(layers.Conv2D, kernel_size=4, strides=2, padding="same")
            transposed = functools.partial(
                layers.Conv2DTranspose, kernel_size=4, strides=2, padding="same"
            )
            self.discriminator = keras.Sequential(
                [
                    keras.Input((28, 28, 1)),
                    layers.Rescaling(2.0, -1.0),
                    conv(first),
                    layers.LeakyReLU(LEAK),
                    conv(second),
                    layers.LeakyReLU(LEAK),
                    layers.Flatten(),
                    layers.Dense(UNITS),
                    layers.LeakyReLU(LEAK),
                    layers.Dense(1),
                ]
            )
            self.generator = keras.Sequential(
                [
                    keras.Input((CODES,)),
                    layers.Dense(7 * 7 * second, use_bias=False),
                    layers.Reshape((7, 7, second)),
                    layers.BatchNormalization(),
                    layers.ReLU(),
                    transposed(first, use_bias=False),
                    layers.BatchNormalization(),
                    layers.ReLU(),
                    transposed(1, activation="sigmoid"),
                ]
            )
            self.r1 = r1
            self.seeds = keras.random.SeedGenerator(0)
            self.built = True

        def compile(self):
            super().compile()
            self.d_optimizer = keras.optimizers.Adam(RATE, *BETAS)
            self.g_optimizer = keras.optimizers.Adam(RATE, *BETAS)

        def train_step(self, real):
            z = keras.random.normal((tf.shape(real)[0], CODES), seed=self.seeds)
            d, g = self.discriminator, self.generator
            with tf.GradientTape(persistent=True) as tape:
                fake = g(z, training=True)
                with tf.GradientTape() as inner:
                    inner.watch(real)
                    d_real = d(real, training=True)
                d_fake = d(tf.stop_gradient(fake), training=True)
                d_loss = tf.reduce_mean(tf.nn.softplus(-d_real) + tf.nn.softplus(d_fake))
                if self.r1:
                    slope = inner.gradient(d_real, real)
                    squared = tf.reduce_sum(tf.square(slope), [1, 2, 3])
                    d_loss += self.r1 / 2 * tf.reduce_mean(squared)
            weights = d.trainable_weights
            self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
            with tape:
                g_loss = tf.reduce_mean(tf.nn.softplus(-d(fake, training=True)))
            weights = g.trainable_weights
            self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
            return {"d_loss": d_loss, "g_loss": g_loss}

    def __init__(self, train: data.InMemory, spec: Spec, r1: float):
        del spec
        keras.utils.set_random_seed(0)
        self.model = self.DCGAN(r1)
        self.model.compile()
        x = tf.constant(train.x.astype(np.float32) / 255.0)
        order = tf.data.Dataset.range(len(train.x)).shuffle(len(train.x)).repeat().batch(BATCH)
        self.batches = order.map(lambda rows: tf.gather(x, rows)).prefetch(tf.data.AUTOTUNE)

    def parameters(self) -> int:
        return sum(int(np.prod(v.shape)) for v in self.model.trainable_variables)

    def run(self, count: int):
        self.model.fit(self.batches, steps_per_epoch=count, shuffle=False, verbose=0)


class KerasFitOneDNN(KerasFit):
    """The same with oneDNN, which the zoo uses."""

    name = "keras fit, oneDNN"
    unset = ()


class Torch(Peer):
    """PyTorch, eager."""

    name = "torch"
    channels_last = False

    def __init__(self, train: data.InMemory, spec: Spec, r1: float):
        del spec
        import torch

        self.torch, self.r1 = torch, r1
        torch.manual_seed(0)
        n, (first, second) = torch.nn, CHANNELS
        self.d = n.Sequential(
            n.Conv2d(1, first, 4, 2, 1),
            n.LeakyReLU(LEAK),
            n.Conv2d(first, second, 4, 2, 1),
            n.LeakyReLU(LEAK),
            n.Flatten(),
            n.Linear(7 * 7 * second, UNITS),
            n.LeakyReLU(LEAK),
            n.Linear(UNITS, 1),
        )
        self.g = n.Sequential(
            n.Linear(CODES, 7 * 7 * second, bias=False),
            n.Unflatten(1, (second, 7, 7)),
            n.BatchNorm2d(second),
            n.ReLU(),
            n.ConvTranspose2d(second, first, 4, 2, 1, bias=False),
            n.BatchNorm2d(first),
            n.ReLU(),
            n.ConvTranspose2d(first, 1, 4, 2, 1),
            n.Sigmoid(),
        )
        self.layout = torch.channels_last if self.channels_last else torch.contiguous_format
        self.d.to(memory_format=self.layout)
        self.g.to(memory_format=self.layout)
        self.d_optimizer = torch.optim.Adam(self.d.parameters(), RATE, BETAS)
        self.g_optimizer = torch.optim.Adam(self.g.parameters(), RATE, BETAS)
        x = np.moveaxis(train.x, -1, 1).astype(np.float32) / 255.0
        self.x = torch.from_numpy(x).to(memory_format=self.layout)

    def parameters(self) -> int:
        return sum(p.numel() for net in (self.d, self.g) for p in net.parameters())

    def run(self, count: int):
        torch, softplus = self.torch, self.torch.nn.functional.softplus
        order = torch.randperm(len(self.x))
        for i in range(count):
            rows = torch.arange(i * BATCH, (i + 1) * BATCH) % len(order)
            real = 2.0 * self.x[order[rows]] - 1.0
            real.requires_grad_(bool(self.r1))
            fake = 2.0 * self.g(torch.randn(BATCH, CODES)) - 1.0
            d_real = self.d(real)
            d_loss = (softplus(-d_real) + softplus(self.d(fake.detach()))).mean()
            if self.r1:
                (slope,) = torch.autograd.grad(d_real.sum(), real, create_graph=True)
                # Images here are in [-1, 1]; the factor 4 gives the gradient of images in [0, 1].
                d_loss = d_loss + self.r1 / 2 * 4.0 * slope.square().sum((1, 2, 3)).mean()
            self.d_optimizer.zero_grad()
            d_loss.backward()
            self.d_optimizer.step()
            for parameter in self.d.parameters():
                parameter.requires_grad_(False)
            g_loss = softplus(-self.d(fake)).mean()
            self.g_optimizer.zero_grad()
            g_loss.backward()
            self.g_optimizer.step()
            for parameter in self.d.parameters():
                parameter.requires_grad_(True)


class TorchChannelsLast(Torch):
    """PyTorch with images and kernels in the memory format that oneDNN prefers."""

    name = "torch channels last"
    channels_last = True


CONTENDERS = (Zoo, KerasFit, KerasFitOneDNN, Torch, TorchChannelsLast)


def compare(train: data.InMemory, spec: Spec, rounds: int, r1: float) -> dict:
    """Trains all contenders in turns, STEPS per round; returns steps per second and ratios.

    Args:
      train: 28x28 grey images.
      spec: the spec of these images.
      rounds: timed rounds of each, after one to warm up.
      r1: weight of the gradient penalty R1; 0 for none.
    """
    need_torch()
    if spec.shape != (28, 28, 1):
        raise UserError(f"The networks are of 28x28 grey images, not {list(spec.shape)}.")
    contenders = [Contender(make, train, spec, r1) for make in CONTENDERS]
    parameters = {contender.name: contender.call("parameters")[0] for contender in contenders}
    if len(set(parameters.values())) > 1:
        raise AssertionError(f"The networks are not the same: {parameters}")
    gigaflop, _ = contenders[0].call("gigaflop")
    rates = compare_rates(time_by_turns(contenders, rounds, 1, "run", STEPS), STEPS)
    return {**rates, "gigaflop": gigaflop}
