"""VAE: diagonal Gaussian q(z|x), Bernoulli p(x|z), p(z) = N(0, I).

Paper: Kingma and Welling 2014, Auto-Encoding Variational Bayes (arXiv 1312.6114).
Command: scripts/train.py --model=vae --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 85.0 nats (binarised test set, K = 5,000).
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def add_fields(config):
    """Adds the fields of all VAEs; a model's file sets its own values."""
    _add_distributions(config)
    common.add_standardize(config)
    _add_networks(config)
    _add_causal_convolutions(config)
    _add_objective(config)


def _add_distributions(config):
    """Adds the types of q(z|x), p(z) and p(x|z), whose classes are in zoo/distributions."""
    add(
        config,
        posterior=field(
            "diagonal",
            "q(z|x): 'diagonal', 'tril' (full covariance) or 'iaf' (inverse autoregressive flow).",
            choices=("diagonal", "tril", "iaf"),
        ),
        prior=field(
            "standard",
            "p(z): 'standard', 'mog' (learned mixture of diagonal Gaussians), 'mog_full' (with "
            "full covariances) or 'vamp' (mixture of posteriors).",
            choices=("standard", "mog", "mog_full", "vamp"),
        ),
        likelihood=field(
            "bernoulli",
            "p(x|z): 'bernoulli' for binarized pixels; for dequantized or scaled ones "
            "'continuous_bernoulli', 'gaussian', 'gaussian_shared', 'gaussian_pixel', "
            "'gaussian_low_rank'; 'discretized_logistic' or 'logistic_mixture' for scaled ones; "
            "'pixelcnn' for binarized pixels and 'pixelcnn_bytes' for scaled ones that depend on "
            "those before them; 'normal' for rows of real numbers.",
            choices=(
                "bernoulli",
                "continuous_bernoulli",
                "gaussian",
                "gaussian_shared",
                "gaussian_pixel",
                "gaussian_low_rank",
                "discretized_logistic",
                "logistic_mixture",
                "pixelcnn",
                "pixelcnn_bytes",
                "normal",
            ),
        ),
    )


def _add_networks(config):
    """Adds the fields of the networks that compute the distributions' parameters."""
    add(
        config,
        network=field(
            "gated",
            "'mlp', 'gated' (an MLP of gated layers) or 'conv'.",
            choices=("mlp", "gated", "conv"),
        ),
        hidden=field(
            (350, 350),
            "Units of the encoder's hidden layers; the decoder reverses them. For 'conv': "
            "channels, each layer at half the resolution of the previous one.",
        ),
        latent_dim=field(40, "Dimensions of the latent code z.", 1, 10**5),
        flow_steps=field(4, "Number of steps of the flow 'iaf'.", 1, 100),
        flow_hidden=field((160,), "Hidden units of the network in each step of 'iaf'."),
        prior_components=field(
            500, "Components of 'mog' and 'mog_full'; pseudo-inputs of 'vamp'.", 1, 10**6
        ),
        pixel_scale=field(
            0.1,
            "Standard deviation of a pixel in [0, 1]: fixed for 'gaussian', the initial value for "
            "likelihoods that learn it.",
            0.5 / 256,
            10.0,
        ),
        pixel_components=field(5, "Components of 'logistic_mixture' and 'pixelcnn_bytes'.", 1, 100),
        likelihood_rank=field(8, "Rank of the covariance of 'gaussian_low_rank'.", 1, 10**3),
    )


def _add_causal_convolutions(config):
    """Adds the fields of the likelihoods 'pixelcnn' and 'pixelcnn_bytes'."""
    add(
        config,
        pixel_width=field(24, "Channels of the convolutions of 'pixelcnn'.", 1, 4096),
        pixel_depth=field(
            2, "Gated layers of 'pixelcnn'; the more, the larger its neighbourhood.", 0, 100
        ),
        pixel_block=field(2, "Side of the squares that 'pixelcnn' draws at a time.", 1, 8),
        pixel_head_width=field(48, "Hidden units that draw a square's pixels.", 1, 4096),
    )


def _add_objective(config):
    """Adds the fields of the loss."""
    add(
        config,
        beta=field(
            1.0,
            "Weight of the rate in the loss, in training and validation; the ELBO and the "
            "log-likelihood always use 1.",
            0.0,
            10**6,
        ),
        kl_warmup=field(
            0.0,
            "Share of the run over which beta grows from 0; patience starts after it.",
            0.0,
            1.0,
        ),
        free_bits=field(
            0.0, "KL per dimension, in `hvae` per level, that is not penalised (nats).", 0.0, 10**3
        ),
        importance_samples=field(
            1,
            "Number k of codes per image: 1 trains on the ELBO, more on the importance-weighted "
            "bound.",
            1,
            10**4,
        ),
        doubly_reparametrized=field(
            False, "Use the doubly reparametrised gradient of the importance-weighted bound."
        ),
    )


def get_config():
    config = common.get_config()
    config.model = "vae"
    config.family = "vae"
    add_fields(config)

    config.pixels = "binarized"
    config.num_epochs = 300
    config.eval_every = 5
    config.patience = 20
    config.kl_warmup = 10 / 300
    config.learning_rate = 2e-3
    config.clip_norm = 40.0
    config.warmup = 0.004
    config.schedule = "cosine"
    config.ema = 0.999
    return config


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config made small enough for tests."""
    config.hidden = (16,)
    config.latent_dim = 3
    config.flow_steps = 2
    config.flow_hidden = (8,)
    config.prior_components = 4
    config.pixel_width, config.pixel_head_width = 4, 4
    config.batch_size = 8
    config.num_epochs = 2
    config.kl_warmup = 0.5 if config.kl_warmup else 0.0
    config.warmup = 0.0
    config.eval_every = 1
    return config
