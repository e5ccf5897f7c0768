"""A set of images that is made within a millisecond, and models with weights that matter."""

import itertools
import random

import numpy as np

from zoo import data, seeds
from zoo.configs.spec import Spec


def make_images(count, seed, shape=(8, 8, 1), num_classes=3):
    """Images whose bright corner marks their class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, num_classes, count).astype(np.int32)
    x = rng.integers(0, 80, (count, *shape))
    for i, label in enumerate(y):
        x[i, 2 * label : 2 * label + 3, 2 * label : 2 * label + 3] += 170
    return data.InMemory(x.astype(np.uint8), y)


def dataset():
    """3 classes of 8x8 images: 40 to train on, 8 to validate, 13 to test."""
    splits = [make_images(count, seed) for seed, count in enumerate((40, 8, 13))]
    return data.Dataset("tiny", Spec((8, 8, 1), 3), *splits)


def seed_weights():
    """Makes the weights of the models that are created next the same each time.

    Initializers of Keras draw their seeds from Python's `random`. `keras.utils.set_random_seed`
    would also seed TensorFlow, which then builds the kernels of all functions again.
    """
    random.seed(0)


def all_images():
    """Every binary image of 4x4 pixels."""
    return np.array(list(itertools.product((0, 1), repeat=16)), np.float32).reshape(-1, 4, 4, 1)


def shaken(model, by=0.3):
    """The model, its weights moved by noise of this scale."""
    for i, v in enumerate(model.trainable_variables):
        v.assign(v + by * seeds.normal(v.shape, seeds.root(i)))
    return model
