"""MADE: each pixel given all those before it, by masked dense layers; an exact likelihood.

Paper: Germain et al. 2015, MADE: Masked Autoencoder for Distribution Estimation (arXiv 1502.03509).
Command: scripts/train.py --model=made --dataset=mnist
Takes: ten minutes on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 86 nats (binarised test set, exact).
"""

from zoo.configs import common, pixelcnn
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "made"
    pixelcnn.add_pixels(config)
    add(
        config,
        hidden=field((680, 680), "Units of the hidden layers."),
        order=field(
            "raster",
            "Order of the pixels: 'raster', row by row, or 'random'.",
            choices=("raster", "random"),
        ),
        masks=field(1, "Number of masks, used in turn; the model is their mixture.", 1, 32),
    )
    config.num_epochs = 150
    config.eval_every = 5
    config.schedule = "cosine"
    config.warmup = 0.01
    config.ema = 0.999
    return config


def get_tiny():
    config = get_config()
    config.hidden = (16, 16)
    config.pixel_components = 2
    config.batch_size = 8
    config.num_epochs = 1
    config.eval_every = 1
    config.warmup = 0.0
    return config
