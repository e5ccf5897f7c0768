"""A transformer over the tokens of a VQ-VAE, which is trained first: tokens, then the image.

Papers: van den Oord et al. 2017, Neural Discrete Representation Learning (arXiv 1711.00937);
  Vaswani et al. 2017, Attention Is All You Need (arXiv 1706.03762).
Command: scripts/train.py --model=vqvae_prior --dataset=mnist
Takes: 40 minutes on MNIST, on two CPU cores, for both stages.
Expect: on MNIST samples with a Frechet classifier distance below 7.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "vqvae_prior"
    add(
        config,
        vqvae=field(
            "vqvae",
            "The VQ-VAE: the path of an export of 'vqvae' or 'vqvae_prior', or the name of a model "
            "to train first, in WORKDIR/vqvae.",
        ),
        vqvae_fields=field("", "Settings of that model, such as 'num_epochs=20,num_tokens=512'."),
        width=field(96, "Features of a token in the transformer; a multiple of 4.", 4, 4096),
        depth=field(4, "Blocks of the transformer.", 1, 100),
        dropout=field(
            0.0, "Share of the features of each block that are dropped in training.", 0.0, 0.99
        ),
        class_conditional=field(True, "Learn from labels, if the data have any."),
        guidance=field(
            1.25,
            "Weight of the transformer in sampling, against a model that sees only neighbouring "
            "tokens: 1 is the transformer's own distribution, more gives more typical and less "
            "varied samples.",
            0.0,
            100.0,
        ),
        temperature=field(
            1.0,
            "Logits are divided by it in sampling: below 1 samples are more typical and less "
            "varied.",
            0.01,
            10.0,
        ),
    )
    # The pixels of the VQ-VAE.
    config.pixels = "scaled"
    config.num_epochs = 10
    config.learning_rate = 2e-3
    config.warmup = 0.05
    config.schedule = "cosine"
    config.clip_norm = 1.0
    config.ema = 0.999
    return config


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config made small enough for tests, its VQ-VAE too."""
    config.vqvae_fields = (
        "width=4,decoder_depth=1,num_tokens=8,token_dim=3,batch_size=8,num_epochs=1,jit=False"
    )
    config.batch_size = 8
    config.num_epochs = 1
    config.width = 8
    config.depth = 1
    return config
