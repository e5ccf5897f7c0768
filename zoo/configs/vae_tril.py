"""VAE whose posterior has a full covariance: q(z|x) = N(m, L L^T).

Paper: Kingma and Welling 2019, An Introduction to Variational Autoencoders (arXiv 1906.02691),
  section 2.5.1.
Command: scripts/train.py --model=vae_tril --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below that of `vae`.
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_tril"
    config.posterior = "tril"
    return config


def get_tiny():
    return vae.shrink(get_config())
