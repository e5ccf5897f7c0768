"""InfoGAN: a GAN whose codes, a category and two numbers, can be read off the image.

Unlike in the paper the discriminator pays for its slope at real images (R1), as in `dcgan`.

Paper: Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing
  Generative Adversarial Nets (arXiv 1606.03657).
Command: scripts/train.py --model=infogan --dataset=mnist
Expect: on MNIST a category for each digit; the paper's categories match 95% of the digits.
"""

from zoo.configs import dcgan, gan


def get_config():
    config = dcgan.get_config()
    config.model = config.family = "infogan"
    # Values of the categorical code c, and how many uniform codes u there are; the rest of
    # latent_dim is noise.
    config.categories = 10
    config.uniform_codes = 2
    config.latent_dim = 74
    config.codes = "informative"
    # Weight of the information that an image tells of its codes.
    config.information = 1.0
    config.g_dense = config.d_dense = (256,)
    config.batch_size = 64
    config.learning_rate = config.d_learning_rate = 1e-3
    config.num_epochs = 12
    config.eval_every = 3
    return config


def get_tiny():
    config = gan.shrink(get_config())
    config.categories = 3
    config.uniform_codes = 1
    config.latent_dim = 6
    config.g_dense = config.d_dense = (8,)
    return config
