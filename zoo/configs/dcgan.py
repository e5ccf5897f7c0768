"""DCGAN: a GAN of strided convolutions, batch normalisation in the generator alone.

Unlike in the paper, the discriminator pays for its slope at real images (R1, Mescheder et al. 2018,
arXiv 1801.04406), which allows a higher rate.

Paper: Radford et al. 2016, Unsupervised Representation Learning with Deep Convolutional GANs
  (arXiv 1511.06434).
Command: scripts/train.py --model=dcgan --dataset=mnist
Takes: eleven minutes on MNIST, on two CPU cores.
Expect: on MNIST coverage above 0.75 (k = 5, 10,000 samples, features of `classifier`).
"""

from zoo.configs import gan


def get_config():
    config = gan.get_config()
    config.model = "dcgan"
    config.network = "conv"
    config.d_hidden = (32, 64)
    config.g_hidden = (32, 64)
    config.num_epochs = 32
    config.eval_every = 4
    # XLA's convolutions on a CPU are slower than TensorFlow's own.
    config.jit = False
    return config


def get_tiny():
    return gan.shrink(get_config())
