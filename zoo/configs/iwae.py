"""Importance-weighted autoencoder: the VAE trained on a tighter bound, of k codes per image.

Paper: Burda et al. 2016, Importance Weighted Autoencoders (arXiv 1509.00519); gradient of Tucker
  et al. 2019, Doubly Reparameterized Gradient Estimators (arXiv 1810.04152).
Command: scripts/train.py --model=iwae --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 84.6 nats (binarised test set, K = 5,000).
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "iwae"
    config.num_epochs = 120
    config.kl_warmup, config.warmup = 10 / 120, 0.01
    config.importance_samples = 5
    config.doubly_reparametrized = True
    return config


def get_tiny():
    return vae.shrink(get_config())
