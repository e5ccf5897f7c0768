"""VAE whose prior is the mixture of the posteriors of learned pseudo-inputs.

Paper: Tomczak and Welling 2018, VAE with a VampPrior (arXiv 1705.07120).
Command: scripts/train.py --model=vae_vamp --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 83.8 nats (binarised test set, K = 5,000).
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_vamp"
    config.prior = "vamp"
    config.num_epochs = 150
    config.kl_warmup, config.warmup = 10 / 150, 0.008
    return config


def get_tiny():
    return vae.shrink(get_config())
