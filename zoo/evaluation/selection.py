"""Information criteria of a model with an exact likelihood: BIC and AIC."""

import math

import numpy as np

from zoo.data import Split
from zoo.evaluation import density


def criteria(model, train: Split) -> dict[str, float]:
    """Returns "bic" (Schwarz 1978) and "aic" (Akaike 1974); lower is better.

    Args:
      model: has `log_prob` and `num_parameters`.
      train: the rows that it was fitted to.
    """
    total = float(np.sum(density.exact_log_likelihoods(model, train), dtype=np.float64))
    count = model.num_parameters()
    return {"bic": count * math.log(train.size) - 2 * total, "aic": 2 * count - 2 * total}
