"""InfoGAN: a GAN whose codes, a category and two numbers, can be read off the image.

Unlike in the paper the discriminator pays for its slope at real images (R1), as in `dcgan`, and the
category is learned from real and distorted images, too: its three weights at 0 leave that out.

Paper: Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing
  Generative Adversarial Nets (arXiv 1606.03657).
Command: scripts/train.py --model=infogan --dataset=mnist
Takes: 15 minutes on MNIST, on two CPU cores.
Expect: on MNIST categories that match more than 96% of the test images' digits.
"""

from zoo.configs import dcgan, gan


def get_config():
    config = dcgan.get_config()
    config.model = config.family = "infogan"
    # Values of the categorical code c, and how many uniform codes u there are; the rest of
    # latent_dim is noise, of which little is better: what G cannot say by noise it says by c.
    config.categories = 10
    config.uniform_codes = 2
    config.latent_dim = 20
    config.codes = "informative"
    # Weights of the information that a generated image tells of c, and of u. With more of it c
    # settles before Q knows digits.
    config.information = 0.1
    config.uniform_information = 0.05
    # Weights of what Q learns from real images: to say the same of an image and its distortion, to
    # tell it from other images, and to name a category. If all are 0, Q is shown no distorted
    # images at all, as in the paper.
    config.agreement = 1.0
    config.contrast = 0.2
    config.real_information = 0.1
    # Of few images at once a category's share says little.
    config.batch_size = 256
    config.learning_rate = config.d_learning_rate = 1e-3
    config.schedule = "constant"
    config.num_epochs = 18
    config.eval_every = 6
    return config


def get_tiny():
    config = gan.shrink(get_config())
    config.categories = 3
    config.uniform_codes = 1
    config.latent_dim = 6
    config.g_dense = config.d_dense = (8,)
    return config
