"""VAE whose posterior is an inverse autoregressive flow: of any shape, and cheap to draw from.

Paper: Kingma et al. 2016, Improving Variational Inference with Inverse Autoregressive Flow
  (arXiv 1606.04934).
Command: scripts/train.py --model=vae_iaf --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood half a nat below that of `vae`.
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_iaf"
    config.posterior = "iaf"
    return config


def get_tiny():
    return vae.shrink(get_config())
