"""Convolutional classifier; evaluates samples by its classes and features.

Paper: none; 3x3 convolutions with strides after LeCun et al. 1998, trained on shifted images.
Command: scripts/train.py --model=classifier --dataset=mnist
Takes: five to eight minutes on MNIST on two CPU cores.
Expect: 99.2% or better on MNIST's test set.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def add_shift(config):
    """Adds the largest shift of training images for a classifier."""
    shift = field(
        2, "Training images are shifted by at most this many pixels in each direction.", 0, 1000
    )
    add(config, max_shift=shift)


def get_config():
    config = common.get_config()
    config.model = "classifier"
    config.family = "classifier"

    add(
        config,
        channels_per_stage=field(
            (32, 64),
            "Channels of each pair of convolutions; the second of a pair halves the resolution.",
        ),
        features=field(
            128,
            "Units of the last hidden layer, whose activations are the features of sample metrics.",
            1,
            10**5,
        ),
    )
    add_shift(config)

    config.num_epochs = 15
    config.schedule = "cosine"
    config.ema = 0.99
    # XLA's convolutions on a CPU are slower than TensorFlow's own.
    config.jit = False
    return config


def get_tiny():
    config = get_config()
    config.channels_per_stage = (4,)
    config.features = 8
    config.batch_size = 8
    config.num_epochs = 2
    return config
