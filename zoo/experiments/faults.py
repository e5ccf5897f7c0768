"""Known faults, planted to find out whether the diagnosis finds them.

A fault is a GAN that is made wrong on purpose, by what it is trained on and with, or by what is put
in G's place afterwards. All of them are `dcgan` on grey images.
"""

import pathlib
import types
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import configs, data
from zoo.diagnosis import fresh_discriminators
from zoo.diagnosis.players import FrozenPlayers
from zoo.training import loop

# Rows that GANs learn from, and how often. The other training rows are what a perfect G gives: so
# many that a fresh D does not come to know them.
ROWS, EPOCHS = 30_000, 15
# Rows that an overfitted D was shown, and how often.
FEW_ROWS, MANY_EPOCHS = 500, 800
# The class of digit that a stuck G makes.
ONLY = 3


class Fault(NamedTuple):
    """What is done to a GAN.

    Attributes:
      verdict: that is right.
      fields: of `dcgan` that it is trained with.
      rows: that it learns from.
      replace: maps (model, dataset) to what makes x [B, ...] of codes z [B, D]; None leaves G.
      discriminator: fields of a D that is trained against the finished G, in place of its own.
    """

    verdict: str
    fields: Mapping = types.MappingProxyType({"num_epochs": EPOCHS})
    rows: int = ROWS
    replace: Callable | None = None
    discriminator: Mapping | None = None


def constant(model, dataset):
    """The same image for every code."""
    x = model.generate(tf.zeros([1, model.config.latent_dim]))
    return lambda z: tf.repeat(x, tf.shape(z)[0], 0)


def one_digit(model, dataset):
    """Training images of one digit, blurred: what a G makes that is stuck there."""
    split = dataset.train.take(ROWS)
    return _images(split.x[split.y == ONLY], blurred=True)


def copies(model, dataset):
    """Training images."""
    return _images(dataset.train.take(ROWS).x)


def unseen(model, dataset):
    """Real images that no player has seen, and that the diagnosis does not hold out."""
    return _images(np.concatenate([dataset.train.x[ROWS:], dataset.validation.x]))


def _images(x, blurred=False):
    """A function from codes to images of an array of bytes, evenly: by the first number of z."""
    x = tf.constant(x.astype(np.float32) / 255.0)

    def make(z):
        share = 0.5 * (1.0 + tf.math.erf(z[:, 0] / np.sqrt(2.0)))
        chosen = tf.minimum(tf.cast(share * len(x), tf.int32), len(x) - 1)
        made = tf.gather(x, chosen)
        return 0.5 * made + 0.5 * tf.nn.avg_pool2d(made, 3, 1, "SAME") if blurred else made

    return make


FAULTS = {
    "constant G": Fault("constant generator", replace=constant),
    "G stuck on one digit": Fault("collapsed", replace=one_digit),
    "G copies training images": Fault("memorised", replace=copies),
    "frozen D": Fault("undertrained discriminator", {"d_learning_rate": 0.0, "num_epochs": 1}),
    # With so small a D from the start G would not come to anything, which any D sees.
    "tiny D": Fault("discriminator too small", discriminator={"d_hidden": (1, 1), "d_dense": ()}),
    "D overfitted to 500 images": Fault(
        "overfitted discriminator", {"r1": 0.0, "num_epochs": MANY_EPOCHS}, FEW_ROWS
    ),
    "G gives unseen real images": Fault("indistinguishable", replace=unseen),
    "healthy dcgan": Fault("healthy"),
}


def plant(name: str, dataset: data.Dataset, seed: int, runs: pathlib.Path):
    """Returns a model with a fault, and the dataset that it learned from.

    Args:
      name: one of FAULTS.
      dataset: of grey images with labels, in memory, more than ROWS of them to train on.
      seed: of the run.
      runs: holds the workdirs of what is trained; faults that differ in G alone share one.
    """
    fault = FAULTS[name]
    learned = dataset._replace(train=dataset.train.take(fault.rows))
    config = configs.get("dcgan", dataset=dataset.name, seed=seed, eval_every=10**6, **fault.fields)
    folder = "healthy dcgan" if fault.replace or fault.discriminator else name
    workdir = runs / f"{folder}, seed {seed}".replace(" ", "_")
    model = loop.train(config, learned, workdir).model
    if fault.discriminator:
        model = _with_discriminator(model, learned, seed, fault.discriminator)
    if fault.replace:
        make = fault.replace(model, dataset)
        model.generate = lambda z, y=None, training=False: make(z)
    return model, learned


def _with_discriminator(model, dataset, seed, fields):
    """The model's G, with a D that was trained against it."""
    config = configs.get("dcgan", dataset=dataset.name, seed=seed, **fields)
    other = fresh_discriminators.train(FrozenPlayers(model, dataset, seed=seed), config)
    for variable, value in zip(other.generator.variables, model.generator.variables, strict=True):
        variable.assign(value)
    other.compile_for_run(total_steps=None)
    return other
