"""Mixture of Gaussians by EM, on images (flattened) or on vectors.

An epoch is one iteration of EM over all rows.

Paper: Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm;
  low-rank covariances: Ghahramani and Hinton 1996, The EM Algorithm for Mixtures of Factor
  Analyzers (CRG-TR-96-1).
Command: scripts/train.py --model=gmm --dataset=ring --config.num_components=8
Takes: seconds on `ring`, minutes on MNIST, on two CPU cores.
Expect: on `ring` the eight modes.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "gmm"

    add(
        config,
        num_components=field(10, "Number of components K.", 1, 10**6),
        covariance=field(
            "auto",
            "'spherical', 'diag', 'tied' (one full covariance for all), 'full', 'low_rank' (a "
            "mixture of factor analysers), or 'auto': full up to 64 dimensions, low_rank beyond.",
            choices=("auto", "spherical", "diag", "tied", "full", "low_rank"),
        ),
        covariance_rank=field(10, "Number of factors of 'low_rank'.", 1, 10**4),
        reg_covar=field(1e-6, "Added to every variance, in squared units of x.", 0.0, 10**18),
        start=field(
            "kmeans++",
            "Initial means: 'kmeans++', 'kmeans' or 'random' rows.",
            choices=("kmeans++", "kmeans", "random"),
        ),
        num_starts=field(1, "Number of initialisations to compare.", 1, 10**4),
        tolerance=field(
            1e-4,
            "EM ends when an iteration raises the mean log-likelihood by less (nats); 0 disables "
            "it.",
            0.0,
            10**9,
        ),
        stepwise=field(
            0.0,
            "0: an M-step after each pass. In (0.5, 1]: stepwise EM, an M-step after each batch "
            "from a running mean in which step t has the weight t^-stepwise.",
            0.0,
            1.0,
        ),
    )

    config.pixels = "dequantized"
    config.batch_size = 8192
    config.num_epochs = 100
    config.jit = False  # the number of candidates depends on the data
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
