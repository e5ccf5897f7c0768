"""One of two workers on one host, TF_CONFIG set: `worker.py FOLDER NUMBER ENTRY EPOCHS`.

Writes its final weights.
"""

import pathlib
import sys

import numpy as np

from tests import noise, tiny
from zoo import configs, seeds
from zoo.training import loop, strategy

folder, number, entry, num_epochs = pathlib.Path(sys.argv[1]), *sys.argv[2:]
for name, function in noise.NONE.items():
    setattr(seeds, name, function)
config = configs.get_tiny(entry, jit=False, dataset="tiny", num_epochs=int(num_epochs))
run = loop.train(config, tiny.dataset(), folder / "run", strategy.create())
weights = {str(i): w.numpy() for i, w in enumerate(loop.weights(run.model))}
np.savez(folder / f"{number}.npz", **weights)
