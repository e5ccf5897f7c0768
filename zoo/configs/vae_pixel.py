"""VAE whose decoder predicts each pixel from the code and from the pixels before it (PixelVAE).

Paper: Gulrajani et al. 2017, PixelVAE: A Latent Variable Model for Natural Images (arXiv
1611.05013).
Command: scripts/train.py --model=vae_pixel --dataset=mnist
Takes: 41 minutes on MNIST, on two CPU cores.
Expect: on MNIST an ELBO of -80.9 nats on test images, and 79.9 from 100 codes per image.
"""

from zoo.configs import vae


def get_config():
    config = vae.get_config()
    config.model = "vae_pixel"
    config.likelihood = "pixelcnn"
    config.pixel_block, config.pixel_width, config.pixel_depth = 4, 32, 1
    config.prior = "mog"
    config.hidden = (300, 300)
    config.num_epochs = 60
    config.kl_warmup, config.warmup = 0.15, 0.01
    config.patience = 0
    config.learning_rate = 1e-3
    return config


def get_tiny():
    config = vae.shrink(get_config())
    config.pixel_block = 2
    return config
