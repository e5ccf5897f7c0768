"""D's logits of training rows, unseen real rows and generated rows.

The area under the ROC curve (AUC) is the probability that D ranks a row of one type above one of
another: 0.5 if it cannot distinguish them, 1 if it always can.
"""

import numpy as np
import sklearn.metrics

from zoo.diagnosis.players import FrozenPlayers

KINDS = ("training rows", "unseen real rows", "generated rows")


def compute_logits(subject: FrozenPlayers) -> dict[str, np.ndarray]:
    """Returns D's logits for each of KINDS."""
    rows = (subject.train, subject.held_out, subject.generated)
    return {kind: subject.logits(of) for kind, of in zip(KINDS, rows, strict=True)}


def area_under_curve(higher: np.ndarray, lower: np.ndarray) -> float:
    """Returns the probability that a logit of the first array is above one of the second."""
    kinds = np.repeat([1, 0], [len(higher), len(lower)])
    return float(sklearn.metrics.roc_auc_score(kinds, np.concatenate([higher, lower])))


def measure_own(logits: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns how well D distinguishes each two of KINDS."""
    train, unseen, generated = (logits[kind] for kind in KINDS)
    return {
        "auc_training": area_under_curve(train, generated),
        "auc": area_under_curve(unseen, generated),
        "auc_training_unseen": area_under_curve(train, unseen),
    }
