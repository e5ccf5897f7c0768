"""VAE: diagonal Gaussian q(z|x), Bernoulli p(x|z), p(z) = N(0, I).

`score` wants binarised images: of grey ones a Bernoulli density is no likelihood.

Paper: Kingma and Welling 2014, Auto-Encoding Variational Bayes (arXiv 1312.6114).
Command: scripts/train.py --model=vae --dataset=mnist
Takes: half an hour on MNIST, on two CPU cores.
Expect: on MNIST a negative log-likelihood below 85.0 nats (binarised test set, K = 5,000).
"""

from zoo.configs import common


def add_fields(config):
    """Adds what all VAEs have; an entry's file sets its own values."""
    # Kinds of q(z|x), p(z) and p(x|z); the classes of each name are in zoo/distributions.
    # "diagonal", "tril" (full covariance) or "iaf" (inverse autoregressive flow).
    config.posterior = "diagonal"
    # "standard", "mog" (learned mixture of diagonal Gaussians), "mog_full" (with full covariances)
    # or "vamp" (mixture of posteriors).
    config.prior = "standard"
    # "bernoulli" for binarized pixels; for dequantized or scaled ones "continuous_bernoulli",
    # "gaussian", "gaussian_shared", "gaussian_pixel", "gaussian_low_rank"; "discretized_logistic"
    # for scaled ones; "normal" for rows of real numbers.
    config.likelihood = "bernoulli"

    # "mlp", "gated" (an MLP of gated layers) or "conv".
    config.network = "gated"
    # Units of the encoder's hidden layers; the decoder has them in reverse. For "conv": channels,
    # each layer at half the resolution of the one before.
    config.hidden = (350, 350)
    # Size of the code z.
    config.latent_dim = 40
    # Steps of "iaf", and hidden units of each step's network.
    config.flow_steps = 4
    config.flow_hidden = (160,)
    # Components of "mog" and "mog_full"; pseudo-inputs of "vamp".
    config.prior_components = 500
    # Standard deviation of a pixel in [0, 1]: of "gaussian" for good, of those that learn it (and
    # "discretized_logistic") at the start.
    config.pixel_scale = 0.1
    # Columns of "gaussian_low_rank".
    config.likelihood_rank = 8

    # Weight of the rate in the loss, that on the validation split included; ELBO and log-likelihood
    # have 1 always.
    config.beta = 1.0
    # Share of the run over which this weight grows from 0; patience starts after it.
    config.kl_warmup = 0.0
    # Nats that the rate of each dimension may have for nothing.
    config.free_bits = 0.0
    # Codes an image, k: 1 trains on the ELBO, more on the importance-weighted bound.
    config.importance_samples = 1
    # Use the doubly reparametrised gradient of the latter.
    config.doubly_reparametrized = False


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
    config.batch_size = 8
    config.num_epochs = 2
    config.kl_warmup = 0.5 if config.kl_warmup else 0.0
    config.warmup = 0.0
    config.eval_every = 1
    return config
