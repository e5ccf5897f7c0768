"""WGAN-GP: the critic's slope between real and generated images is held at 1.

Five turns of the critic to one of the generator, no normalisation in the critic. Its networks are
DCGAN's, and its rate is higher than the paper's 1e-4.

Paper: Gulrajani et al. 2017, Improved Training of Wasserstein GANs (arXiv 1704.00028).
Command: scripts/train.py --model=wgan_gp --dataset=mnist
Takes: twelve minutes on MNIST, on two CPU cores.
Expect: a critic's loss that is minus the distance of samples from images; on MNIST digits with some
  blots among them, coverage above 0.5 (k = 5, 10,000 samples, features of `classifier`).
"""

from zoo.configs import dcgan, gan


def get_config():
    config = dcgan.get_config()
    config.model = "wgan_gp"
    config.loss = "wasserstein"
    config.gradient_penalty = 10.0
    config.r1 = 0.0
    config.d_steps = 5
    # 64 for each turn.
    config.batch_size = 320
    config.learning_rate = config.d_learning_rate = 5e-4
    config.adam_beta_2 = 0.9
    config.num_epochs = 16
    return config


def get_tiny():
    config = gan.shrink(get_config())
    config.d_steps = 2
    return config
