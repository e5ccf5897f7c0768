"""What D says of rows that it was trained on, of real rows that it has not seen, of generated ones.

The area under the ROC curve (AUC) is the probability that D puts a row of one kind above one of
another: 0.5 where it cannot tell them apart, 1 where it always can.
"""

import numpy as np
import sklearn.metrics

from zoo.diagnosis.subject import Subject

KINDS = ("training rows", "unseen real rows", "generated rows")


def judge_rows(subject: Subject) -> dict[str, np.ndarray]:
    """Returns D's logits of each of KINDS."""
    rows = (subject.train, subject.held_out, subject.generated)
    return {kind: subject.logits(of) for kind, of in zip(KINDS, rows, strict=True)}


def area_under_curve(higher: np.ndarray, lower: np.ndarray) -> float:
    """Returns the probability that a logit of the first kind is above one of the second."""
    kinds = np.repeat([1, 0], [len(higher), len(lower)])
    return float(sklearn.metrics.roc_auc_score(kinds, np.concatenate([higher, lower])))


def measure(logits: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns how well D distinguishes each two of KINDS."""
    train, unseen, generated = (logits[kind] for kind in KINDS)
    return {
        "auc_training": area_under_curve(train, generated),
        "auc": area_under_curve(unseen, generated),
        "auc_training_unseen": area_under_curve(train, unseen),
    }
