"""What an entry takes instead of its own values where these cannot hold the data.

A Bernoulli has pixels that are on or off and an MLP learns every pixel by itself: colour images get
a likelihood of colours and convolutions. Rows of numbers get a Gaussian, in units of each column.
A small set gets enough steps.
"""

import math
from collections.abc import Collection, Iterator

import ml_collections

# Steps that a model needs before it draws what the data show, whatever the number of images; by a
# field of such models: two players, and tokens and what is learned of them.
LEAST_STEPS = {"d_learning_rate": 5000, "quantizer": 3000, "vqvae": 3000}
# Rows per step where a pass has fewer than ten steps.
SMALL_BATCH = 32
# Channels of the convolutions for colour images.
CHANNELS = (32, 64, 128)


def adapt(
    config: ml_collections.ConfigDict,
    shape: tuple[int, ...],
    given: Collection[str] = (),
    rows: int = 0,
) -> tuple[ml_collections.ConfigDict, str]:
    """Returns the config for data of a shape, and a sentence that says what was changed.

    Args:
      config: of an entry.
      shape: of one x, [H, W, C] or [D].
      given: fields that the user set, which are kept.
      rows: number of training rows, if it is known.

    Returns:
      The config itself and "" if nothing had to be changed.
    """
    changed: dict = {}
    for group in (*_groups(config, shape), *_for_few_rows(config, rows)):
        if not group.keys() & set(given):
            changed |= {name: value for name, value in group.items() if value != config[name]}
    if not changed:
        return config, ""
    adapted = ml_collections.ConfigDict(config.to_dict())
    adapted.update(changed)
    values = ", ".join(f"{name}={value!r}" for name, value in changed.items())
    return adapted.lock(), f"For these data {config.model} takes {values}."


def _groups(config, shape) -> Iterator[dict]:
    """Fields that go together: where a person set one of them, the others stay as well."""
    if "block" in config:
        yield {"block": math.gcd(config.block, *shape[:-1])}
    if config.get("likelihood", "").startswith("pixelcnn"):
        yield {"pixel_block": math.gcd(config.pixel_block, *shape[:-1])}
    if len(shape) == 1:
        yield from _for_rows(config, shape[0])
    elif shape[-1] == 3 and "likelihood" in config and config.likelihood != "normal":
        yield from _for_colours(config)


def _for_few_rows(config, rows):
    """More steps on a small set, of which one pass has few."""
    if not rows:
        return
    steps = max((least for name, least in LEAST_STEPS.items() if name in config), default=0)
    if steps and rows >= config.batch_size:
        epochs = -(-steps // (rows // config.batch_size))
        if epochs > config.num_epochs:
            every = max(1, config.eval_every * epochs // config.num_epochs)
            yield {"num_epochs": epochs, "eval_every": every}
    # Batches of rows with and without labels have a ratio of their own.
    if "likelihood" in config and "labelled_rows" not in config and rows < 10 * config.batch_size:
        # A power of two, which replicas can share.
        yield {"batch_size": min(SMALL_BATCH, 2 ** (max(1, rows // 10).bit_length() - 1))}


def _for_colours(config):
    if "posterior" not in config:  # autoregressive
        if config.likelihood != "logistic_mixture":
            yield {"likelihood": "logistic_mixture", "pixels": "scaled"}
        return
    if config.likelihood == "bernoulli":
        # A small scale spends the rate on detail, and samples lose shape and label.
        yield {"likelihood": "gaussian", "pixels": "dequantized", "pixel_scale": 0.4}
    if config.likelihood == "pixelcnn":
        yield {"likelihood": "pixelcnn_bytes", "pixels": "scaled"}
    if config.network != "conv":
        yield {"network": "conv", "hidden": CHANNELS}
        yield {"latent_dim": _in_levels(config, 16)}


def _for_rows(config, dim):
    if "standardize" in config:
        yield {"standardize": True}
    if "path" in config:
        yield {"network": "mlp"}
    if "posterior" in config and config.likelihood != "normal":
        yield {"likelihood": "normal", "pixels": "scaled", "pixel_scale": 1.0}
        yield {"latent_dim": _in_levels(config, min(config.latent_dim, dim))}


def _in_levels(config, latent_dim):
    """The next latent_dim that levels of codes can share."""
    levels = config.get("levels", 1)
    return levels * -(-latent_dim // levels)
