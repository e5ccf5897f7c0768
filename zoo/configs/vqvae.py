"""VQ-VAE: an image as a grid of tokens, the numbers of vectors of a learned codebook.

Papers: van den Oord et al. 2017, Neural Discrete Representation Learning (arXiv 1711.00937);
quantizer=finite_scalar: Mentzer et al. 2023, Finite Scalar Quantization: VQ-VAE Made Simple (arXiv
2309.15505).
Command: scripts/train.py --model=vqvae --dataset=mnist
Takes: ten minutes on MNIST, on two CPU cores.
Expect: on MNIST reconstructions with a Frechet classifier distance below 3.2, where the best
possible is 2.7.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "vqvae"
    _add_quantizer(config)
    add(
        config,
        width=field(
            32, "Channels of the first convolution; later ones have twice as many.", 1, 4096
        ),
        encoder_depth=field(
            0,
            "Residual blocks of the encoder. Each makes a token depend on more of the image around "
            "its own square, which costs a prior more bits.",
            0,
            100,
        ),
        decoder_depth=field(2, "Residual blocks of the decoder.", 0, 100),
        halvings=field(2, "Number of times that the grid of tokens halves the image.", 1, 6),
        pixel_scale=field(
            0.2, "Standard deviation of a pixel in [0, 1] given the tokens.", 0.5 / 256, 10.0
        ),
    )
    # p(x|e) is a density.
    config.pixels = "dequantized"
    config.num_epochs = 12
    config.learning_rate = 2e-3
    config.warmup = 0.02
    config.schedule = "cosine"
    return config


def _add_quantizer(config):
    add(
        config,
        quantizer=field(
            "moving_average",
            "What makes tokens of vectors: a codebook that learns by 'moving_average' or by "
            "'gradient', or 'finite_scalar', which rounds each number of a vector.",
            choices=("moving_average", "gradient", "finite_scalar"),
        ),
        num_tokens=field(256, "Vectors of the codebook.", 2, 10**6),
        token_dim=field(16, "Dimensions of a vector of the codebook.", 1, 4096),
        scalar_levels=field(
            (8, 6, 5), "Levels of each number of a vector of 'finite_scalar'; 3 or more."
        ),
        decay=field(
            0.99, "Momentum of the moving averages of 'moving_average', per step.", 0.0, 0.999999
        ),
        beta=field(
            0.25, "Weight of the commitment of the encoder's vectors to the codebook.", 0.0, 10**6
        ),
    )


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config for images of 8x8 pixels, trained in a second."""
    config.batch_size = 8
    config.num_epochs = 1
    config.width = 4
    config.encoder_depth = config.decoder_depth = 1
    config.num_tokens = 8
    config.token_dim = 3
    config.scalar_levels = (4, 3)
    return config
