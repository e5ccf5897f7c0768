"""Mixture of Gaussians by EM, on images (flattened) or on vectors.

An epoch is an iteration on all rows. `score` wants pixels (v + u) / 256, u uniform in [0, 1).

Paper: Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm;
  low-rank covariances: Ghahramani and Hinton 1996, The EM Algorithm for Mixtures of Factor
  Analyzers (CRG-TR-96-1).
Command: scripts/train.py --model=gmm --dataset=ring --config.num_components=8
Takes: seconds on `ring`, minutes on MNIST, on two CPU cores.
Expect: on `ring` the eight modes.
"""

from zoo.configs import common


def get_config():
    config = common.get_config()
    config.model = config.family = "gmm"

    # K.
    config.num_components = 10
    # "spherical", "diag", "tied" (one full covariance for all), "full", "low_rank" (a mixture of
    # factor analysers), or "auto": full up to 64 dimensions, low_rank beyond.
    config.covariance = "auto"
    # Factors of "low_rank".
    config.covariance_rank = 10
    # Added to every variance, in squared units of x.
    config.reg_covar = 1e-6
    # First means: "kmeans++", "kmeans" or "random" rows; and how many such starts are compared.
    config.start = "kmeans++"
    config.num_starts = 1
    # EM ends when an iteration adds less to the mean log-likelihood, in nats; 0 for never.
    config.tolerance = 1e-4
    # 0 for an M-step after each pass; else in (0.5, 1], one after each batch on a running mean in
    # which step t weighs t^-stepwise.
    config.stepwise = 0.0

    config.pixels = "dequantized"
    config.batch_size = 2048
    config.num_epochs = 100
    # Compiled by XLA these matrix products are slower on a CPU.
    config.jit = False
    return config


def get_tiny():
    config = get_config()
    config.num_components = 3
    config.covariance_rank = 2
    config.reg_covar = 1e-2
    config.batch_size = 8
    config.num_epochs = 2
    config.tolerance = 0.0
    return config
