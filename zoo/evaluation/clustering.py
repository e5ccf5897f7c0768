"""How well clusters that were found without labels agree with the labels."""

import numpy as np
import scipy.optimize
import sklearn.metrics

from zoo.data import Split
from zoo.evaluation.protocol import BATCH_SIZE, SEED


def agreement(labels: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    """Returns "clustering_accuracy" and "nmi" of labels [N] and clusters [N].

    The accuracy is the share of rows whose cluster stands for their label when each cluster stands
    for one label at most and each label for one cluster, in the best such way (Hungarian matching).
    The normalised mutual information, 2 I(y; c) / (H(y) + H(c)), needs no matching.
    """
    together = sklearn.metrics.cluster.contingency_matrix(labels, clusters)
    matched = scipy.optimize.linear_sum_assignment(together, maximize=True)
    return {
        "clustering_accuracy": float(together[matched].sum() / len(labels)),
        "nmi": float(sklearn.metrics.normalized_mutual_info_score(labels, clusters)),
    }


def measure(model, split: Split) -> dict[str, float]:
    """Returns `agreement` with a split's labels of the most probable cluster of each row."""
    labels, clusters = [], []
    for batch in split.batches(BATCH_SIZE, model.config.pixels, SEED):
        labels.append(batch["y"].numpy())
        clusters.append(model.in_graph("responsibilities")(batch["x"]).numpy().argmax(-1))
    return agreement(np.concatenate(labels), np.concatenate(clusters))
