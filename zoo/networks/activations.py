"""Activations of generators and discriminators."""

import tensorflow as tf
from keras import ops

# Slope of leaky rectifiers below 0.
LEAK = 0.2


def leaky_relu(h):
    """Returns h where it is positive, LEAK h elsewhere."""
    return tf.nn.leaky_relu(h, LEAK)


ACTIVATIONS = {"relu": ops.relu, "leaky_relu": leaky_relu, "softplus": ops.softplus}
