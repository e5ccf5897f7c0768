"""GAN of MLPs, for images, rows of numbers and points in the plane.

Unlike in the paper, the discriminator has a gradient penalty at real rows (R1, arXiv 1801.04406).

Paper: Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661).
Command: scripts/train.py --model=gan --dataset=mnist
Takes: five minutes on MNIST, on two CPU cores; on `ring` less than three.
Expect: on MNIST samples that look like digits, some of them with specks.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def add_player_fields(config):
    """Adds the fields of both players, whatever their losses."""
    add(
        config,
        network=field(
            "mlp",
            "'mlp', or 'conv' for strided convolutions as in DCGAN.",
            choices=("mlp", "conv"),
        ),
        d_hidden=field(
            (512, 256),
            "Units of the discriminator's hidden layers, starting at x. For 'conv': channels, each "
            "layer at half the resolution of the previous one.",
        ),
        g_hidden=field((512, 256), "Units of the generator's hidden layers, starting at x."),
        latent_dim=field(64, "Dimensions of the latent code z.", 1, 10**5),
        codes=field(
            "normal",
            "Distribution of the code: 'normal' or 'uniform' in [-1, 1].",
            choices=("normal", "uniform"),
        ),
        loss=field(
            "non_saturating",
            "'minimax' (the generator minimises what the discriminator maximises), "
            "'non_saturating', 'least_squares', 'hinge', 'wasserstein' or 'relativistic'.",
            choices=(
                "minimax",
                "non_saturating",
                "least_squares",
                "hinge",
                "wasserstein",
                "relativistic",
            ),
        ),
        d_learning_rate=field(
            2e-4,
            "Adam's learning rate for the discriminator; learning_rate is the generator's.",
            0.0,
            10.0,
        ),
        adam_beta_1=field(0.5, "Decay rate of the first moment, for both players.", 0.0, 0.99999),
        adam_beta_2=field(
            0.999, "Decay rate of the second moment, for both players.", 0.0, 0.9999999
        ),
    )


def add_fields(config):
    """Adds the fields of all GANs; a model's file sets its own values."""
    add_player_fields(config)
    common.add_standardize(config)
    add(
        config,
        d_dense=field(
            (256,), "For 'conv': units of dense layers between the convolutions and the logit."
        ),
        g_dense=field(
            (), "For 'conv': units of dense layers between the code and the convolutions."
        ),
        batch_norm=field(True, "Use batch normalisation in the generator's hidden layers."),
        d_steps=field(
            1,
            "Discriminator updates per generator update; they share the batch evenly.",
            1,
            1000,
        ),
    )
    # Gradients are with respect to images in [0, 1]: twice those for images in [-1, 1].
    add(
        config,
        r1=field(
            0.0,
            "Weight (gamma) of the discriminator's squared gradient norm at real images.",
            0.0,
            10**6,
        ),
        r2=field(0.0, "Weight of its squared gradient norm at generated images.", 0.0, 10**6),
        gradient_penalty=field(
            0.0,
            "Weight of WGAN-GP's (gradient norm - 1)^2 between real and generated images.",
            0.0,
            10**6,
        ),
        l2=field(
            0.0,
            "Weight of the L2 penalty on the generator's weights (half their squares).",
            0.0,
            10**6,
        ),
        d_l2=field(
            0.0,
            "Weight of the L2 penalty on the discriminator's weights (half their squares).",
            0.0,
            10**6,
        ),
        spectral_norm=field(
            False,
            "Spectral normalisation: divide the discriminator's kernels by their largest singular "
            "value.",
        ),
        packing=field(
            1,
            "Number of images that the discriminator judges together, as channels (PacGAN), "
            "against mode collapse.",
            1,
            1000,
        ),
        minibatch_stddev=field(
            False, "Show the discriminator how much features vary within groups of four images."
        ),
        label=field(
            "projection",
            "How a conditional discriminator uses the label: 'projection' or 'concatenation'.",
            choices=("projection", "concatenation"),
        ),
    )


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
