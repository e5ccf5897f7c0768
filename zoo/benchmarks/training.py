"""Training steps per second of one VAE: in the zoo's loop, in Keras `fit`, in PyTorch.

The VAE is the textbook one, 784-400-20 with Adam at 1e-3, on dynamically binarised MNIST in memory,
batch 128. Each contender trains as its users would write it with the data in memory: the zoo's
entry `vae` through its loop, Keras through `fit` on a shuffled tf.data set, PyTorch by an index
permutation an epoch.
"""

import keras
import numpy as np
import tensorflow as tf

from zoo import configs, data, models, seeds
from zoo.benchmarks import profile
from zoo.benchmarks.contenders import Contender, Peer, compare_rates, need_torch, time_by_turns
from zoo.configs.spec import Spec
from zoo.training import steps
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages

BATCH, HIDDEN, LATENT, RATE = 128, 400, 20, 1e-3


class Zoo(Peer):
    """The zoo's loop, without its evaluations and checkpoints."""

    name = "zoo"

    def __init__(self, train: data.InMemory, spec: Spec, batch: int = BATCH):
        self.strategy = strategies.create("default")  # with all that train.py sets
        config = configs.get(
            "vae",
            network="mlp",
            hidden=(HIDDEN,),
            latent_dim=LATENT,
            kl_warmup=0.0,
            batch_size=batch,
            learning_rate=RATE,
            ema=0.0,
        )
        self.model = models.create(config, spec)
        self.model.compile_for_run(total_steps=None)
        self.run_steps, _ = steps.function(self.model, self.strategy, MovingAverages([], 0.0))
        self.batches = iter(steps.batches(train, self.model, 0, self.strategy))
        self.steps_per_epoch = train.steps_per_epoch(batch)

    def run(self, count: int):
        self.run_steps(self.batches, tf.constant(count)).numpy()

    def epoch(self):
        self.run(self.steps_per_epoch)

    def gigaflop(self) -> float | None:
        """GFLOP per step."""
        return profile.count_step(self.model, self.batches.element_spec)

    def elbo(self, x: np.ndarray) -> float:
        batch = {"x": tf.constant(x, tf.float32) / 255.0, "y": tf.zeros(len(x), tf.int32)}
        return -float(tf.reduce_mean(self.model.loss_terms(batch, seeds.root(0))["loss"]))


class KerasFit(Peer):
    """A Keras VAE as in Keras' own examples: layers, a seed generator, `train_step`, `fit`."""

    name = "keras fit"

    class VAE(keras.Model):
        def __init__(self):
            super().__init__()
            self.encode = keras.Sequential(
                [keras.layers.Dense(HIDDEN, "relu"), keras.layers.Dense(2 * LATENT)]
            )
            self.decode = keras.Sequential(
                [keras.layers.Dense(HIDDEN, "relu"), keras.layers.Dense(784)]
            )
            self.seeds = keras.random.SeedGenerator(0)
            self.encode.build([None, 784])
            self.decode.build([None, LATENT])
            self.built = True

        def negative_elbo(self, x):
            m, s = tf.split(self.encode(x), 2, -1)
            z = m + tf.exp(s) * keras.random.normal(tf.shape(m), seed=self.seeds)
            entropy = tf.nn.sigmoid_cross_entropy_with_logits(x, self.decode(z))
            rate = 0.5 * tf.reduce_sum(tf.exp(2 * s) - 1 - 2 * s + m * m, -1)
            return tf.reduce_mean(tf.reduce_sum(entropy, -1) + rate)

        def train_step(self, x):
            with tf.GradientTape() as tape:
                loss = self.negative_elbo(x)
            weights = self.trainable_weights
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    def __init__(self, train: data.InMemory, spec: Spec):
        del spec
        keras.utils.set_random_seed(0)
        self.model = self.VAE()
        self.model.compile(optimizer=keras.optimizers.Adam(RATE))
        x = train.x.reshape(len(train.x), 784).astype(np.float32) / 255.0
        batches = tf.data.Dataset.from_tensor_slices(x).shuffle(len(x))
        batches = batches.batch(BATCH, drop_remainder=True)
        batches = batches.map(
            lambda x: tf.cast(tf.random.uniform(tf.shape(x)) < x, tf.float32), tf.data.AUTOTUNE
        )
        self.batches = batches.prefetch(tf.data.AUTOTUNE)

    def epoch(self):
        self.model.fit(self.batches, verbose=0)

    def elbo(self, x: np.ndarray) -> float:
        return -float(self.model.negative_elbo(tf.constant(x.reshape(-1, 784), tf.float32) / 255.0))


class Torch(Peer):
    """PyTorch, eager."""

    name = "torch eager"
    compiled = False

    def __init__(self, train: data.InMemory, spec: Spec):
        del spec
        import torch

        self.torch = torch
        torch.manual_seed(0)

        class VAE(torch.nn.Module):
            def __init__(self):
                super().__init__()
                n = torch.nn
                self.encode = n.Sequential(
                    n.Linear(784, HIDDEN), n.ReLU(), n.Linear(HIDDEN, 2 * LATENT)
                )
                self.decode = n.Sequential(
                    n.Linear(LATENT, HIDDEN), n.ReLU(), n.Linear(HIDDEN, 784)
                )

            def forward(self, x):
                m, s = self.encode(x).chunk(2, -1)
                z = m + s.exp() * torch.randn_like(m)
                entropy = n_f.binary_cross_entropy_with_logits(
                    self.decode(z), x, reduction="none"
                ).sum(-1)
                rate = 0.5 * (torch.exp(2 * s) - 1 - 2 * s + m * m).sum(-1)
                return (entropy + rate).mean()

        n_f = torch.nn.functional
        model = VAE()
        self.model = torch.compile(model) if self.compiled else model
        self.optimizer = torch.optim.Adam(model.parameters(), RATE)
        self.x = torch.from_numpy(train.x.reshape(-1, 784).astype(np.float32) / 255.0)

    def epoch(self):
        order = self.torch.randperm(len(self.x))
        for i in range(len(self.x) // BATCH):
            x = self.x[order[i * BATCH : (i + 1) * BATCH]]
            loss = self.model((self.torch.rand_like(x) < x).float())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def elbo(self, x: np.ndarray) -> float:
        with self.torch.no_grad():
            return -float(self.model(self.torch.from_numpy(x.reshape(-1, 784) / np.float32(255))))


class TorchCompiled(Torch):
    """PyTorch with torch.compile."""

    name = "torch compile"
    compiled = True


CONTENDERS = (Zoo, KerasFit, Torch, TorchCompiled)


def compare(train: data.InMemory, test: data.InMemory, spec: Spec, rounds: int) -> dict:
    """Trains all contenders in turns, an epoch each; returns steps per second and ELBOs.

    Args:
      train: images; each contender binarises them at each visit.
      test: images, binarised once.
      spec: the spec of both.
      rounds: epochs of each, after one to warm up.
    """
    need_torch()
    contenders = [Contender(make, train, spec) for make in CONTENDERS]
    gigaflop, _ = contenders[0].call("gigaflop")
    per_epoch = train.steps_per_epoch(BATCH)
    seconds = time_by_turns(contenders, rounds, 1, "epoch")
    return {
        **compare_rates(seconds, per_epoch),
        "steps": per_epoch * (rounds + 1),
        "gigaflop": gigaflop,
        "elbo": {contender.name: contender.call("elbo", test.x)[0] for contender in contenders},
    }


def binarised(split: data.InMemory) -> data.InMemory:
    """Returns binarised images, each pixel drawn from its grey level, as bytes 0 and 255."""
    x = np.concatenate([b["x"] for b in split.batches(1000, "binarized").as_numpy_iterator()])
    return data.InMemory((x * 255).astype(np.uint8), split.y)
