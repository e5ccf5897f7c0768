"""Mixtures of Gaussians by expectation maximisation, without a model around them.

`fit` is for rows in memory. The model `gmm` adds up the same sums over batches, replicas and
machines; `gmvae` fits such a mixture to codes.
"""

from zoo.mixtures.em import fit, iterate_until_converged
from zoo.mixtures.mixture import COVARIANCES, Mixture
from zoo.mixtures.starts import METHODS, start

__all__ = ["COVARIANCES", "METHODS", "Mixture", "fit", "iterate_until_converged", "start"]
