"""Does a likelihood see what looks real?

The lecture notes claim that a VAE learns to reproduce pixels, and that a wrong pixel costs the same
wherever it is. The eye disagrees: one more pixel at the end of a stroke is a longer stroke, the
same pixel away from all strokes is a speck of noise. In each of 1,000 test images one black pixel
becomes white, once next to a stroke and once away from all strokes, so that the squared error is
the same. In a third version the whole image is shifted by a pixel, which the eye does not notice.
How do the likelihoods of VAEs and the logits of discriminators change? Changes are in units of the
standard deviation of that score across the original images; "right" is the share of images for
which the pixel next to the stroke lowers the score less. log p(x given z) uses the code of the
original image, as in training a decoder. The models are those of saved_models/.
"""

import numpy as np
import scipy.ndimage
import tensorflow as tf

from zoo import data
from zoo.data.splits import Split
from zoo.drawing import figures
from zoo.evaluation import density
from zoo.evaluation.map_rows import map_split
from zoo.evaluation.protocol import BATCH_SIZE, SEED
from zoo.experiments import measuring
from zoo.models.capabilities import Capability

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: a likelihood notices one pixel better than the notes expect, and better than a
discriminator. A decoder that gives each pixel its own probability is certain where there is no ink
and unsure at the edge of a stroke: a pixel away from strokes costs several times as much, and each
likelihood distinguishes the two on nearly all images. Discriminators do so on
{{ cell("gan, logit of D", "right %") }}% (`gan`),
{{ cell("r3gan, logit of D", "right %") }}% (`r3gan`) and
{{ cell("dcgan, logit of D", "right %") }}% (`dcgan`) of the images, where chance is 50%: they
learned the errors of samples, and samples have no such dirt. The notes are right about the third
version: a shifted image looks the same, but given the original code it costs more than the standard
deviation between images, since almost every pixel at a stroke has changed. Only log p(x), which may
use another code, changes as little as the logits of discriminators do.
"""
ENTRIES = ("vae", "vae_mog", "gan", "dcgan", "r3gan")
VARIANTS = tuple(f"exported {entry}" for entry in ENTRIES)
# Pixels of at least this value belong to a stroke.
STROKE = 128
# Distance in pixels from the nearest stroke.
APART = 4
SHOWN = 8


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    images = np.concatenate(
        [batch["x"] for batch in dataset.test.take(measuring.IMAGES).batches_of_bytes(BATCH_SIZE)]
    )
    kinds = make_kinds(images)
    splits = {kind: data.InMemory(x) for kind, x in kinds.items()}
    rows = []
    for name, model in models.items():
        name = name.removeprefix("exported ")
        if Capability.POSTERIOR in model.capabilities:
            codes = [
                model.compiled_method("encode")(x)["loc"]
                for x in _batches(model, splits["original"])
            ]
            given_code = {k: _of_codes(model, split, codes) for k, split in splits.items()}
            rows.append(compare_scores(f"{name}, log p(x given z)", given_code))
            count = measuring.IMPORTANCE_SAMPLES
            log_p = {k: density.log_likelihoods(model, s, count) for k, s in splits.items()}
            rows.append(compare_scores(f"{name}, log p(x)", log_p))
        else:
            rows.append(
                compare_scores(
                    f"{name}, logit of D",
                    {k: logits_of(model, split) for k, split in splits.items()},
                )
            )
    return rows, draw(kinds)


def draw(kinds: dict[str, np.ndarray]):
    """Returns a figure of the first images of each kind, bytes [N, H, W, 1]."""
    figure, panels = figures.make_figure(len(kinds), 2.4, 4.2)
    for axes, (kind, x) in zip(panels, kinds.items(), strict=True):
        figures.show_grid(axes, x[:SHOWN] / 255, 2, kind)
    return figure


def make_kinds(images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the images, and the images with one more pixel or shifted by one."""
    return {
        "original": images,
        **add_pixels(images),
        "shifted by a pixel": np.roll(images, 1, 2),
    }


def add_pixels(images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns the images with one black pixel made white, next to a stroke and away from strokes.

    Args:
      images: bytes [N, H, W, 1] of bright strokes on a dark ground.
      seed: of the choice among pixels that are as near.

    Returns:
      {"next to a stroke": [N, H, W, 1], "away from strokes": [N, H, W, 1]}
    """
    rng = np.random.default_rng(seed)
    margin = images.shape[1] // 7  # a pixel at the border would be odd for that alone
    inside = np.zeros(images.shape[1:3], bool)
    inside[margin:-margin, margin:-margin] = True
    made = {"next to a stroke": images.copy(), "away from strokes": images.copy()}
    for i, image in enumerate(images[..., 0]):
        distance = scipy.ndimage.distance_transform_edt(image < STROKE)
        black = (image == 0) & inside
        black = black if black.any() else inside
        for kind, near in (
            ("next to a stroke", distance == distance[black].min()),
            ("away from strokes", distance >= min(APART, distance[black].max())),
        ):
            pixels = np.argwhere(near & black)
            row, column = pixels[rng.integers(len(pixels))]
            made[kind][i, row, column] = 255
    return made


def _batches(model, split: Split):
    """Returns images as the model takes them, with the same noise for the same image numbers."""
    return [batch["x"] for batch in split.batches(BATCH_SIZE, model.config.pixels, SEED)]


def _of_codes(model, split, codes):
    """Returns log p(x given z) [N] of the images of a split, at codes of other images."""
    batches = zip(_batches(model, split), codes, strict=True)
    return np.concatenate([model.likelihood(z[None]).log_prob(x)[0] for x, z in batches])


def logits_of(model, split):
    logit = model.compiled_method("discriminate")
    return map_split(
        lambda batch: logit(tf.cast(batch["x"], tf.float32)), split, model.config.pixels
    )


def compare_scores(name, figure):
    """Returns a row of the table from {kind: score [N]}."""
    before, beside, apart, moved = figure.values()
    changes = {
        "a pixel next to a stroke": beside,
        "a pixel away from strokes": apart,
        "shifted by a pixel": moved,
    }
    return {
        "score": name,
        **{kind: float(np.mean(f - before) / np.std(before)) for kind, f in changes.items()},
        "right %": float(100 * np.mean(beside > apart)),
    }
