"""M1+M2 with a convolutional classifier of images instead of codes.

Paper: Kingma et al. 2014, Semi-supervised Learning with Deep Generative Models (arXiv 1406.5298).
Command: scripts/train.py --model=m1_m2_conv --dataset=mnist --config.m1=saved_models/vae_mog_mnist
Takes: three minutes on MNIST with a trained M1, on two CPU cores.
Expect: on MNIST with 100 labels a test error of 2% or less (the paper's M1+M2: 3.33%).
"""

from zoo.configs import classifier, m1_m2


def get_config():
    config = m1_m2.get_config()
    config.model = config.family = "m1_m2_conv"

    config.class_network = "conv"
    config.class_hidden = (32, 64)
    classifier.add_shift(config)
    config.labels_first = 0.15
    config.num_epochs = 15
    return config


def get_tiny():
    config = m1_m2.shrink(get_config())
    config.class_hidden = (4,)
    return config
