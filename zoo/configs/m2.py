"""M2: a conditional VAE that learns from a few labelled images and many without labels.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=m2 --dataset=mnist --config.labels=100
Takes: five minutes on MNIST, on two CPU cores.
Expect: on MNIST with 100 labels a test error of 2 to 4%, depending on the labels drawn (the paper:
  11.97%).
"""

from zoo.configs import classifier, common, vae
from zoo.configs.fields import add, field


def add_label_fields(config):
    """Adds the number of labels and their share of a batch."""
    add(
        config,
        labels=field(
            100,
            "Number of training images that keep their labels, balanced across classes and chosen "
            "by the seed; 0 for all. The labels of the others are never read.",
            0,
            10**9,
        ),
        labelled_rows=field(
            20,
            "Number of labelled images in each batch; the rest are unlabelled.",
            1,
            2**20,
        ),
    )


def add_fields(config):
    """Adds the fields that M2 has beyond a VAE's."""
    add_label_fields(config)
    add(
        config,
        alpha=field(
            0.1,
            "Weight of the labelled images' cross-entropy (alpha of equation 9, per image of a "
            "batch).",
            0.0,
            10**6,
        ),
        class_network=field(
            "mlp",
            "Type of q(y|x)'s network: 'mlp', 'gated' or 'conv'.",
            choices=("mlp", "gated", "conv"),
        ),
        class_hidden=field((500,), "Hidden units or channels of q(y|x)'s network."),
        labels_first=field(
            0.0,
            "Share of the run in which q(y|x) learns from the labels alone, before the bound of "
            "unlabelled images is added: the bound can lock in whatever the labels have not "
            "settled by then.",
            0.0,
            0.9,
        ),
    )


def get_config():
    config = common.get_config()
    config.model = "m2"
    config.family = "m2"
    vae.add_fields(config)
    add_fields(config)
    classifier.add_shift(config)

    config.class_network = "conv"
    config.class_hidden = (32, 64)
    config.labels_first = 0.1
    config.network = "mlp"
    # As in `cvae`: with so few dimensions the label has to determine the class.
    config.hidden = (500, 300)
    config.latent_dim = 8
    config.beta = 1.4
    config.batch_size = 120

    config.pixels = "binarized"
    config.num_epochs = 20
    config.eval_every = 4
    config.schedule = "cosine"
    config.ema = 0.99
    return config


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config made small enough for tests."""
    config = vae.shrink(config)
    config.class_hidden = (4,)
    config.labels = 6
    config.labelled_rows = 2
    config.batch_size = 10
    return config
