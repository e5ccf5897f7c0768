"""Constants in place of noise: whatever still differs between two runs is a fault."""

import numpy as np
import tensorflow as tf

# Replacements for functions of zoo.seeds, by name.
NONE = {
    "normal": lambda shape, seed: tf.zeros(shape),
    "uniform": lambda shape, seed: tf.fill(shape, 0.5),
    "random_uint16": lambda size, seed: tf.fill([size], np.uint16(2**15)),
}
