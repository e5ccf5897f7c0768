"""Hierarchical VAE: three levels of codes, and a VampPrior on top.

Papers: Sonderby et al. 2016, Ladder Variational Autoencoders (arXiv 1602.02282); Tomczak and
Welling 2018, VAE with a VampPrior (arXiv 1705.07120).
Command: scripts/train.py --model=hvae --dataset=mnist
Takes: 41 minutes on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood of 81.5 nats on test images.
"""

from zoo.configs import vae
from zoo.configs.fields import add, field


def get_config():
    config = vae.get_config()
    config.model = config.family = "hvae"
    add(
        config,
        levels=field(3, "Levels of codes, which share latent_dim evenly.", 1, 20),
    )
    config.prior = "vamp"
    config.latent_dim = 72
    config.hidden = (300, 300)
    config.num_epochs = 180
    config.kl_warmup, config.warmup = 0.15, 0.008
    config.patience = 0
    config.learning_rate = 1e-3
    return config


def get_tiny():
    config = vae.shrink(get_config())
    config.latent_dim = 6
    config.levels = 2
    return config
