"""What codes tell: the bound of a VAE in parts, and how many dimensions of z are in use."""

import numpy as np

from zoo.data import Split
from zoo.evaluation.protocol import BATCH_SIZE, SEED
from zoo.types import HasPosterior

# Burda et al. 2016 (arXiv 1509.00519): a unit is active if its mean varies by more than this.
ACTIVE_VARIANCE = 0.01


def active_units(model: HasPosterior, split: Split) -> int:
    """Returns the number of dimensions of z whose posterior mean varies with x."""
    conditions = ("x", "y") if model.conditional else ("x",)
    means = [
        model.in_graph("encode")(*(batch[name] for name in conditions))["loc"].numpy()
        for batch in split.batches(BATCH_SIZE, model.config.pixels, SEED)
    ]
    return int(np.sum(np.var(np.concatenate(means), axis=0) > ACTIVE_VARIANCE))
