"""GAN: generator and discriminator are MLPs; images, or points in the plane.

The discriminator pays for its slope at real rows (R1, arXiv 1801.04406), unlike in the paper.

Paper: Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661).
Command: scripts/train.py --model=gan --dataset=mnist
Takes: five minutes on MNIST, on two CPU cores; on `ring` less than three.
Expect: on MNIST samples that look like digits, some of them with specks.
"""

from zoo.configs import common


def add_player_fields(config):
    """Adds what two players have, whatever they play for."""
    # "mlp", or "conv" for strided convolutions as in DCGAN.
    config.network = "mlp"
    # Units of the discriminator's and the generator's hidden layers, from x inwards. For "conv":
    # channels, each layer at half the resolution of the one before.
    config.d_hidden = (512, 256)
    config.g_hidden = (512, 256)
    # Size of the code z, and its distribution: "normal" or "uniform" in [-1, 1].
    config.latent_dim = 64
    config.codes = "normal"

    # "minimax" (the generator minimises what the discriminator maximises), "non_saturating",
    # "least_squares", "hinge", "wasserstein" or "relativistic".
    config.loss = "non_saturating"
    # Adam's rate for the discriminator (learning_rate is the generator's), and the decay rates of
    # the moments for both.
    config.d_learning_rate = 2e-4
    config.adam_beta_1 = 0.5
    config.adam_beta_2 = 0.999


def add_fields(config):
    """Adds what all GANs have; an entry's file sets its own values."""
    add_player_fields(config)
    # For "conv": units of dense layers between convolutions and logit, or convolutions and code.
    config.d_dense = (256,)
    config.g_dense = ()
    # Whether the generator's hidden layers are normalised over the batch.
    config.batch_norm = True
    # Turns of the discriminator to one of the generator; they share the batch evenly.
    config.d_steps = 1

    # Weights (gamma) of the discriminator's squared slope at real and at generated rows. Slopes are
    # with respect to images in [0, 1], twice those of the papers' images in [-1, 1].
    config.r1 = 0.0
    config.r2 = 0.0
    # Weight of (slope - 1)^2 between real and generated rows.
    config.gradient_penalty = 0.0
    # Weights of half the generator's and half the discriminator's squared weights.
    config.l2 = 0.0
    config.d_l2 = 0.0
    # Whether the discriminator's kernels are divided by their largest singular value.
    config.spectral_norm = False
    # So many images are judged as one, channels side by side: against mode collapse.
    config.packing = 1
    # Whether the discriminator sees how much features vary among four images.
    config.minibatch_stddev = False
    # How a conditional discriminator takes the label: "projection" or "concatenation".
    config.label = "projection"


def get_config():
    config = common.get_config()
    config.model = config.family = "gan"
    add_fields(config)

    config.learning_rate = config.d_learning_rate = 4e-4
    config.adam_beta_2 = 0.99
    config.r1 = 0.1
    config.num_epochs = 40
    config.schedule = "cosine"
    config.ema = 0.998
    config.eval_every = 5
    return config


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config made small enough for tests."""
    config.d_hidden = config.g_hidden = (8, 4)
    config.latent_dim = 3
    config.learning_rate = config.d_learning_rate = 1e-3
    config.batch_size = 8
    config.num_epochs = 2
    config.eval_every = 1
    return config
