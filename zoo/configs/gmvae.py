"""VAE whose prior is a mixture of ten Gaussians: it finds clusters without labels.

Paper: Jiang et al. 2017, Variational Deep Embedding (arXiv 1611.05148).
Command: scripts/train.py --model=gmvae --dataset=mnist
Takes: five minutes on MNIST, on two CPU cores.
Expect: on MNIST a clustering accuracy of 93 to 95% on the test images.
"""

from zoo.configs import vae
from zoo.configs.fields import add, field


def get_config():
    config = vae.get_config()
    config.model = config.family = "gmvae"

    # The components of this prior are the clusters.
    config.prior = "mog_full"
    config.prior_components = 10
    config.latent_dim = 10
    add(
        config,
        cluster_at=field(
            0.4,
            "Share of the run after which EM clusters the codes; until then all components are the "
            "same Gaussian.",
            0.0,
            0.99,
        ),
        num_starts=field(
            10,
            "Number of initialisations of that EM; the one with the highest likelihood is kept.",
            1,
            10**4,
        ),
    )

    config.num_epochs = 100
    config.kl_warmup = 0.02
    config.warmup = 0.012
    config.patience = 0
    return config


def get_tiny():
    config = vae.shrink(get_config())
    config.prior_components = 3
    config.cluster_at = 0.0
    config.num_starts = 2
    return config
