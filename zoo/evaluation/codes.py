"""Metrics of codes: how many dimensions of z are in use."""

import numpy as np

from zoo.data import Split
from zoo.evaluation.map_rows import map_split
from zoo.models.vae import VAE

# Burda et al. 2016 (arXiv 1509.00519): a unit is active if its mean varies by more than this.
ACTIVE_VARIANCE = 0.01


def active_units(model: VAE, split: Split) -> int:
    """Returns the number of dimensions of z whose posterior mean varies with x."""
    inputs = ("x", "y") if model.conditional else ("x",)
    encode = model.compiled_method("encode")
    q = map_split(lambda batch: encode(*map(batch.get, inputs)), split, model.config.pixels)
    return int(np.sum(np.var(q["loc"], axis=0) > ACTIVE_VARIANCE))
