"""One of two workers on one host, TF_CONFIG set: `worker.py FOLDER NUMBER ENTRY EPOCHS`.

Writes its final weights.
"""

import pathlib
import sys

import numpy as np
import tensorflow as tf

from tests import tiny
from zoo import configs, seeds
from zoo.training import loop, strategy

folder, number, entry, num_epochs = pathlib.Path(sys.argv[1]), *sys.argv[2:]
seeds.normal = lambda shape, seed: tf.zeros(shape)
seeds.uniform = lambda shape, seed: tf.fill(shape, 0.5)
seeds.words = lambda size, seed: tf.fill([size], np.uint16(2**15))
config = configs.get_tiny(entry, jit=False, dataset="tiny", num_epochs=int(num_epochs))
run = loop.train(config, tiny.dataset(), folder / "run", strategy.create())
weights = {str(i): w.numpy() for i, w in enumerate(loop.weights(run.model))}
np.savez(folder / f"{number}.npz", **weights)
