"""Agreement of clusters with labels."""

import numpy as np
import scipy.optimize
import sklearn.metrics

from zoo.data import Split
from zoo.evaluation.map_rows import map_split


def agreement(labels: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    """Returns "clustering_accuracy" and "nmi" of labels [N] and clusters [N].

    The accuracy is the share of rows whose cluster is matched to their label, under the best
    one-to-one matching of clusters and labels (Hungarian matching).
    The normalised mutual information, 2 I(y; c) / (H(y) + H(c)), needs no matching.
    """
    together = sklearn.metrics.cluster.contingency_matrix(labels, clusters)
    matched = scipy.optimize.linear_sum_assignment(together, maximize=True)
    return {
        "clustering_accuracy": float(together[matched].sum() / len(labels)),
        "nmi": float(sklearn.metrics.normalized_mutual_info_score(labels, clusters)),
    }


def measure_clusters(model, split: Split) -> dict[str, float]:
    """Returns the `agreement` of the most probable cluster of each row with a split's labels."""
    responsibilities = model.compiled_method("responsibilities")
    probs = map_split(
        lambda batch: responsibilities(batch["x"]), split, model.config.pixels
    )  # [N, K]
    return agreement(split.labels(), probs.argmax(-1))
