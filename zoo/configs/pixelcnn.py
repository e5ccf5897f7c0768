"""PixelCNN: each pixel given all those before it, by gated convolutions; an exact likelihood.

Paper: van den Oord et al. 2016, Conditional Image Generation with PixelCNN Decoders (arXiv
1606.05328).
Command: scripts/train.py --model=pixelcnn --dataset=mnist
Takes: an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 82 nats (binarised test set, exact).
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def add_pixels(config):
    """Adds the fields of the likelihood of a pixel."""
    add(
        config,
        likelihood=field(
            "bernoulli",
            "Of a pixel: 'bernoulli' for binarized images; for scaled ones 'categorical' (of grey "
            "images: a softmax over all bytes) or 'logistic_mixture'.",
            choices=("bernoulli", "categorical", "logistic_mixture"),
        ),
        pixel_components=field(5, "Components of 'logistic_mixture'.", 1, 100),
        class_conditional=field(False, "Learn p(x|y) instead of p(x), if the data have labels."),
    )
    config.pixels = "binarized"


def get_config():
    config = common.get_config()
    config.model = config.family = "pixelcnn"
    add_pixels(config)
    add(
        config,
        width=field(32, "Channels of both stacks.", 1, 4096),
        depth=field(8, "Gated layers.", 1, 100),
        block=field(
            2,
            "Side of the square of pixels at each position of the convolutions; the paper's is 1. "
            "Set to 1 for images whose sides are not multiples of it.",
            1,
            8,
        ),
        head_width=field(64, "Hidden units of the heads that draw a square's pixels.", 1, 4096),
    )
    config.batch_size = 64
    config.num_epochs = 25
    config.learning_rate = 2e-3
    config.warmup = 0.02
    config.schedule = "cosine"
    config.ema = 0.999
    config.clip_norm = 40.0
    return config


def shrink(config):
    """Returns the config made small enough for tests."""
    config.width = 4
    config.depth = 2
    config.head_width = 4
    config.pixel_components = 2
    config.batch_size = 8
    config.num_epochs = 1
    config.warmup = 0.0
    return config


def get_tiny():
    return shrink(get_config())
