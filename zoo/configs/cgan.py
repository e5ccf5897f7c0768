"""Conditional GAN: a DCGAN that is told the label.

Papers: Mirza and Osindero 2014, Conditional Generative Adversarial Nets (arXiv 1411.1784); Miyato
  and Koyama 2018, cGANs with Projection Discriminator (arXiv 1802.05637).
Command: scripts/train.py --model=cgan --dataset=mnist
Takes: a quarter of an hour on MNIST, on two CPU cores.
Expect: on MNIST a conditional accuracy above 98%.
"""

from zoo.configs import dcgan, gan


def get_config():
    config = dcgan.get_config()
    config.model = "cgan"
    config.family = "conditional_gan"
    config.num_epochs = 20
    return config


def get_tiny():
    return gan.shrink(get_config())
