"""R3GAN: a relativistic GAN that pays for its slope at real and at generated rows.

No normalisation in either player, leaky rectifiers, R1 + R2 at each step, no momentum. Its networks
are DCGAN's convolutions rather than the paper's residual ones.

Paper: Huang et al. 2024, The GAN is dead; long live the GAN! A Modern Baseline GAN (arXiv
  2501.05441).
Command: scripts/train.py --model=r3gan --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST coverage above 0.9 (k = 5, 10,000 samples, features of `classifier`).
"""

from zoo.configs import dcgan, gan


def get_config():
    config = dcgan.get_config()
    config.model = "r3gan"
    config.loss = "relativistic"
    config.r1 = config.r2 = 0.05
    config.batch_norm = False
    # Without labels a generator needs some depth to make ten kinds of digits from one Gaussian.
    config.g_dense = config.d_dense = (256, 256)
    config.adam_beta_1 = 0.0
    config.learning_rate = config.d_learning_rate = 1e-3
    config.batch_size = 64
    config.ema = 0.999
    config.num_epochs = 34
    config.eval_every = 3
    return config


def get_tiny():
    config = gan.shrink(get_config())
    # A deeper generator begins with gradients so small that Adam, without momentum, makes full
    # steps of their rounding.
    config.g_dense, config.d_dense = (), (6,)
    return config
