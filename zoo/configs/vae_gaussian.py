"""VAE of grey images: every pixel a Gaussian whose mean and scale depend on z.

The scale of a pixel is never below half a grey level (1/512), or the density of pixels that
never change would grow without bound.

Paper: Kingma and Welling 2014, Auto-Encoding Variational Bayes (arXiv 1312.6114), appendix C.2.
Command: scripts/train.py --model=vae_gaussian --dataset=mnist
Takes: 5 minutes on MNIST, on two CPU cores.
Expect: on MNIST 2.8 bits per dimension of the bytes, or fewer (test set, K = 5,000). With
  --config.likelihood=logistic_mixture --config.pixels=scaled --config.num_epochs=16, in eight
  minutes, 1.4 by the ELBO: bytes have probabilities of their own, 0 and 255 most of all.
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_gaussian"
    config.pixels = "dequantized"
    config.likelihood = "gaussian_pixel"
    # A scale for every pixel of every image overfits before long, at a lower rate sooner.
    config.num_epochs = 150
    config.kl_warmup, config.warmup = 10 / 150, 0.008
    config.patience = 4
    # Densities of grey pixels have gradients far larger than probabilities of binary ones.
    config.learning_rate = 1e-3
    config.clip_norm = 100.0
    return config


def get_tiny():
    return vae.shrink(get_config())
