"""Flow matching: samples follow a learned velocity from noise to data in a few steps.

Paper: Lipman et al. 2023, Flow Matching for Generative Modeling (arXiv 2210.02747).
Command: scripts/train.py --model=flow_matching --dataset=mnist
Takes: an hour on MNIST, on two CPU cores.
Expect: on MNIST a Frechet classifier distance below 5 with 6 steps.
"""

from zoo.configs import common
from zoo.configs.fields import add, field


def get_config():
    config = common.get_config()
    config.model = config.family = "flow_matching"
    common.add_standardize(config)
    _add_network(config)
    _add_objective(config)
    _add_sampling(config)
    # So that the density is one of bytes.
    config.pixels = "dequantized"
    config.num_epochs = 20
    config.eval_every = 4
    config.learning_rate = 2e-3
    config.warmup = 0.02
    config.schedule = "cosine"
    config.ema = 0.999
    return config


def _add_network(config):
    add(
        config,
        network=field(
            "unet",
            "Network: 'unet' or 'transformer' (over 4x4 patches) for images, 'mlp' for rows of "
            "numbers.",
            choices=("unet", "transformer", "mlp"),
        ),
        width=field(32, "Channels of the first layers, or units of a token.", 1, 4096),
        depth=field(2, "Residual blocks per level, or blocks of a transformer or MLP.", 1, 100),
        class_conditional=field(True, "Learn from labels, if the data have any."),
    )


def _add_objective(config):
    add(
        config,
        path=field(
            "linear",
            "Between noise and data: 'linear' or 'variance_preserving' (diffusion).",
            choices=("linear", "variance_preserving"),
        ),
        predict=field("velocity", "What the network predicts.", choices=("velocity", "noise")),
        times=field(
            "logit_normal",
            "Distribution of the training times: 'uniform' or 'logit_normal'.",
            choices=("uniform", "logit_normal"),
        ),
        label_dropout=field(
            0.1, "Share of the labels hidden in training, which guidance needs.", 0.0, 1.0
        ),
    )


def _add_sampling(config):
    add(
        config,
        solver=field(
            "midpoint",
            "Method for the differential equation: 'euler', 'midpoint' or 'heun' (order 2) or "
            "'runge_kutta' (order 4).",
            choices=("euler", "midpoint", "heun", "runge_kutta"),
        ),
        steps=field(6, "Number of steps of the solver.", 1, 1000),
        fast_steps=field(4, "Number of steps of the signature `sample_fast`.", 1, 1000),
        guidance=field(
            1.4,
            "Weight of the label in sampling: 1 is the model's own distribution, more gives more "
            "typical and less varied samples.",
            0.0,
            100.0,
        ),
        guidance_start=field(0.2, "First time with guidance, from 0, noise, to 1, data.", 0.0, 1.0),
        guidance_end=field(0.6, "Last time with guidance.", 0.0, 1.0),
    )


def get_tiny():
    return shrink(get_config())


def shrink(config):
    """Returns the config for images of 8x8 pixels, trained in a second."""
    config.batch_size = 8
    config.num_epochs = 1
    config.width = 8
    config.depth = 1
    config.solver = "euler"
    config.guidance = 1.0
    config.steps = config.fast_steps = 2
    return config
