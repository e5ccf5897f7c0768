"""Conditional VAE: q(z|x,y), p(x|y,z), p(z) = N(0, I); the supervised case of M2.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=cvae
Takes: two minutes on mnist_5k, a quarter of an hour on MNIST, on two CPU cores.
Expect: on MNIST an ELBO above -95 nats (binarised test set), conditional accuracy above 98.5%.
"""

from zoo.configs import common, vae


def get_config():
    config = common.get_config()
    config.model = "cvae"
    config.family = "cvae"
    vae.add_fields(config)

    config.network = "mlp"
    config.hidden = (500, 300)
    config.latent_dim = 8
    # Above 1, the aggregate posterior is closer to the prior that samples are drawn from.
    config.beta = 1.4
    config.kl_warmup = 0.0

    config.pixels = "binarized"
    config.num_epochs = 200
    config.eval_every = 5
    config.schedule = "cosine"
    config.ema = 0.99
    return config


def get_tiny():
    return vae.shrink(get_config())
