"""VAEs small enough for closed forms and many draws."""

import numpy as np
import tensorflow as tf

from zoo import configs, models
from zoo.configs.spec import Spec


def tiny(**overrides):
    return configs.get_tiny("vae", dataset="tiny", **overrides)


def copies(config, rows, spread=0.5):
    """A model far from its start, and one image many times: a mean over rows is one over noise."""
    model = models.create(config, Spec((2, 2, 1), 3))
    rng = np.random.default_rng(0)
    for v in model.trainable_variables:
        v.assign(rng.normal(size=v.shape) * spread)
    x = tf.tile(tf.constant([1.0, 0.0, 0.0, 1.0], shape=[1, 2, 2, 1]), [rows, 1, 1, 1])
    return model, {"x": x, "y": tf.zeros([rows], tf.int32)}
