"""Conditional VAE: q(z|x,y), p(x|y,z), p(z) = N(0, I); the supervised case of M2.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=cvae
Takes: two minutes on mnist_5k, a quarter of an hour on MNIST, on two CPU cores.
`score` wants binarised images: of grey ones a Bernoulli density is no likelihood.
Expect: on MNIST an ELBO above -95 nats (binarised test set), conditional accuracy above 98.5%.
"""

from zoo.configs import common


def get_config():
    config = common.get_config()
    config.model = "cvae"
    config.family = "cvae"

    # "mlp" or "conv".
    config.network = "mlp"
    # Units of the encoder's hidden layers; the decoder has them in reverse. For "conv": channels,
    # each layer at half the resolution of the one before.
    config.hidden = (500, 300)
    # Size of the code z.
    config.latent_dim = 8
    # Weight of the rate in the loss; above 1 the codes of all images together come closer to the
    # prior that samples are drawn from. Evaluation has 1 always.
    config.beta = 1.4

    config.binarize = True
    config.num_epochs = 200
    config.eval_every = 5
    config.schedule = "cosine"
    config.ema = 0.99
    return config


def get_tiny():
    config = get_config()
    config.hidden = (16,)
    config.latent_dim = 3
    config.batch_size = 8
    config.num_epochs = 2
    config.eval_every = 1
    return config
