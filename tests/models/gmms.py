"""Models gmm over vectors."""

from tests.mixtures.rows import D, K
from zoo import models
from zoo.configs.spec import Spec


def make(kind="full", dim=D, count=K, **overrides):
    fields = {"covariance": kind, "num_components": count, "covariance_rank": 2, **overrides}
    return models.create("gmm", Spec((dim,), 0), **fields)
