"""VAE whose prior is a learned mixture of Gaussians.

Paper: Dilokthanakul et al. 2016, Deep Unsupervised Clustering with Gaussian Mixture VAEs
  (arXiv 1611.02648); as a baseline in Tomczak and Welling 2018 (arXiv 1705.07120).
Command: scripts/train.py --model=vae_mog --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below that of `vae`.
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_mog"
    config.prior = "mog"
    return config


def get_tiny():
    return vae.shrink(get_config())
