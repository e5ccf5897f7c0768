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
from zoo.configs.fields import add, field


def get_config():
    config = dcgan.get_config()
    config.model = config.family = "infogan"
    add(
        config,
        categories=field(10, "Values of the categorical code c.", 2, 10**4),
        uniform_codes=field(2, "Number of uniform codes u.", 0, 10**4),
        # With more of it c settles before Q knows digits.
        information=field(
            0.1, "Weight of the information that a generated image tells of c.", 0.0, 10**6
        ),
        uniform_information=field(0.05, "Weight of what it tells of u.", 0.0, 10**6),
    )
    # What Q learns from real images. If all are 0, Q is shown no distorted images at all, as in the
    # paper.
    add(
        config,
        agreement=field(
            1.0, "Weight of saying the same of a real image and its distortion.", 0.0, 10**6
        ),
        contrast=field(
            0.2, "Weight of telling a real image's distortion from other images.", 0.0, 10**6
        ),
        real_information=field(
            0.1, "Weight of the information that a real image tells of c.", 0.0, 10**6
        ),
    )
    # The rest of the code is noise, of which little is better: what G cannot say by noise it says
    # by c.
    config.latent_dim = 20
    config.codes = "informative"
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
