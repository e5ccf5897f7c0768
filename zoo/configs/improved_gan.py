"""Improved GAN: the discriminator is a classifier that learns from few labels and many images.

Paper: Salimans et al. 2016, Improved Techniques for Training GANs (arXiv 1606.03498).
Command: scripts/train.py --model=improved_gan --dataset=mnist --config.labels=100
Takes: about an hour on MNIST, on two CPU cores.
Expect: on MNIST with 100 labels a test error of 1.1 to 1.2%, and poor samples; the paper has 0.93%
  over ten draws of labels, after three times as many steps. For better samples and a
  worse classifier use --config.technique=minibatch_discrimination.
"""

from zoo.configs import common, gan, m2
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "improved_gan"
    gan.add_player_fields(config)
    m2.add_label_fields(config)
    add(
        config,
        technique=field(
            "feature_matching",
            "The generator's objective: 'feature_matching', or 'minibatch_discrimination', where "
            "the discriminator sees how close rows are to the others of their group.",
            choices=("feature_matching", "minibatch_discrimination"),
        ),
        group=field(20, "Number of rows in a group.", 2, 10**4),
        input_noise=field(
            0.3, "Standard deviation of the noise added to the discriminator's inputs.", 0.0, 100.0
        ),
        hidden_noise=field(
            0.5, "Standard deviation of the noise added to its hidden layers.", 0.0, 100.0
        ),
    )

    config.d_hidden = (1000, 500, 250, 250, 250)
    config.g_hidden = (500, 500)
    config.latent_dim = 100
    config.codes = "uniform"
    config.batch_size = 200
    config.labelled_rows = 100
    config.learning_rate = config.d_learning_rate = 3e-3
    config.schedule = "cosine"
    config.ema = 0.999
    config.num_epochs = 110
    config.eval_every = 10
    # Drawing its noise is slow with XLA on a CPU.
    config.jit = False
    return config


def get_tiny():
    config = get_config()
    config.d_hidden = (16, 8)
    config.g_hidden = (8,)
    config.latent_dim = 3
    config.learning_rate = config.d_learning_rate = 1e-3
    config.labels = 6
    config.labelled_rows = 2
    config.batch_size = 10
    config.num_epochs = 2
    config.eval_every = 1
    return config
