"""Calibration of D: of the rows that are real with probability 0.7 by D, are 70% real?"""

import numpy as np
import scipy.special

BINS = 10
# Losses whose D is a classifier: the sigmoid of its logit is a probability.
CLASSIFIER_LOSSES = ("minimax", "non_saturating")


def bin_rows(unseen: np.ndarray, generated: np.ndarray) -> dict[str, np.ndarray]:
    """Returns mean probabilities and shares of real rows in bins of equally many rows.

    Args:
      unseen: D's logits of real rows.
      generated: of as many generated rows.

    Returns:
      {"probability": the mean that D gives each bin's rows, "share": of real rows among them,
      "rows": their number}, [BINS] each, or as many as there are logits.
    """
    count = min(len(unseen), len(generated))
    logits = np.concatenate([unseen[:count], generated[:count]])
    order = np.argsort(logits, kind="stable")
    bins = np.array_split(order, min(BINS, len(order)))
    probability = scipy.special.expit(logits)
    return {
        "probability": np.array([probability[rows].mean() for rows in bins]),
        "share": np.array([np.mean(rows < count) for rows in bins]),
        "rows": np.array([len(rows) for rows in bins]),
    }


def measure_calibration(bins: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns the expected calibration error: the mean of |probability - share| over rows.

    Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599), equation 3.
    """
    off = np.abs(bins["probability"] - bins["share"])
    return {"calibration_error": float(np.average(off, weights=bins["rows"]))}
