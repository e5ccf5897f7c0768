"""Agreement of clusters with labels."""

import itertools

import numpy as np
import pytest

from zoo.evaluation import clustering


@pytest.mark.parametrize("clusters", [2, 3, 5])
def test_accuracy_is_that_of_the_best_naming(clusters):
    rng = np.random.default_rng(clusters)
    y, c = rng.integers(0, 3, 50), rng.integers(0, clusters, 50)
    # All one-to-one namings by brute force; -1 names nothing.
    names = [0, 1, 2, *[-1] * (clusters - 3)]
    namings = set(itertools.permutations(names, clusters))
    best = max(np.mean(np.array(naming)[c] == y) for naming in namings)
    assert clustering.agreement(y, c)["clustering_accuracy"] == pytest.approx(best)


def test_names_of_clusters_do_not_matter():
    y = np.array([0, 0, 1, 1, 2, 2])
    assert clustering.agreement(y, (y + 1) % 3) == {"clustering_accuracy": 1, "nmi": 1}
    assert clustering.agreement(y, np.zeros(6, int))["nmi"] == 0
