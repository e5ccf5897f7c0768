"""Convolutional classifier: the judge of conditional samples, and the features of sample metrics.

Paper: none; 3x3 convolutions with strides after LeCun et al. 1998, trained on shifted images.
Command: scripts/train.py --model=classifier --dataset=mnist
Takes: five to eight minutes on MNIST on two CPU cores.
Expect: 99.2% or better on MNIST's test set.
"""

from zoo.configs import common


def get_config():
    config = common.get_config()
    config.model = "classifier"
    config.family = "classifier"

    # Channels of each pair of convolutions; the second of a pair halves the resolution.
    config.channels_per_stage = (32, 64)
    # Units of the last hidden layer, whose activations are the features.
    config.features = 128
    # Training images are moved by up to this many pixels in each direction.
    config.max_shift = 2

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
