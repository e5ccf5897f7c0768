"""InfoGAN: a GAN whose codes, a category and two numbers, can be read off the image.

Unlike in the paper, the discriminator has a gradient penalty at real images (R1), as in `dcgan`,
and the category is learned from real and distorted images as well; three weights of 0 disable that.

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
        codes=field(
            "informative",
            "Distribution of the code: one-hot c, uniform u and normal noise.",
            choices=("informative",),
        ),
        categories=field(10, "Number of values of the categorical code c.", 2, 10**4),
        uniform_codes=field(2, "Number of uniform codes u.", 0, 10**4),
        # With a larger weight c settles before Q can recognise digits.
        information=field(
            0.1, "Weight of the mutual information between c and a generated image.", 0.0, 10**6
        ),
        uniform_information=field(
            0.05, "Weight of the mutual information between u and a generated image.", 0.0, 10**6
        ),
    )
    # What Q learns from real images. If all three are 0, Q sees no distorted images, as in the
    # paper.
    add(
        config,
        agreement=field(
            1.0, "Weight of predicting the same c for a real image and its distortion.", 0.0, 10**6
        ),
        contrast=field(
            0.2,
            "Weight of recognising a real image's distortion among other images (contrastive).",
            0.0,
            10**6,
        ),
        real_information=field(
            0.1, "Weight of the mutual information between c and a real image.", 0.0, 10**6
        ),
    )
    # The rest of the code is noise. Little of it is better: G then has to use c.
    config.latent_dim = 20
    # Small batches estimate category shares poorly.
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
