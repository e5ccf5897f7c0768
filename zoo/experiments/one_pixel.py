"""Does a likelihood see what looks real?

A VAE learns to give back pixels, and one wrong pixel costs the same wherever it is. To the eye it
does not: a pixel more at the end of a stroke is a longer stroke, the same pixel off all strokes is
dirt. Each of 1,000 test images gets one white pixel, once beside a stroke and once apart from all
of them; the squared error of both is the same by construction. Once the whole image is moved by a
pixel, which the eye does not see. What do likelihoods of VAEs and logits of discriminators say?
Changes are in standard deviations of the figure between the images as they are; "right" is the
share of images on which the pixel beside the stroke is the better one. log p(x given z) is at the
code of the image as it was: what a decoder is trained on that was asked for that image. The models
are those of saved_models/.
"""

import numpy as np
import scipy.ndimage
import tensorflow as tf

from zoo import data
from zoo.data.splits import Split
from zoo.drawing import figures
from zoo.evaluation import density
from zoo.evaluation.protocol import BATCH_SIZE, SEED
from zoo.experiments import measuring
from zoo.models.traits import Trait

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: of one pixel it sees more than the notes expect, and more than a discriminator does. A
decoder that gives each pixel a probability of its own is certain where no ink is, and unsure at the
edge of a stroke: a pixel apart costs it several times as much, and each likelihood tells the two
apart on nearly all images. Discriminators do so on
{{ cell("gan, logit of D", "right %") }}% (`gan`),
{{ cell("r3gan, logit of D", "right %") }}% (`r3gan`) and
{{ cell("dcgan, logit of D", "right %") }}% (`dcgan`) of the images, where chance is 50%: they
learned what samples get wrong, and samples have no such dirt. What the
notes mean shows in the other case: an image moved by a pixel looks the same, and given the code of
the first it costs more than images differ among each other, since pixel by pixel it is another one.
Only log p(x), which may take another code, finds that little has changed.
"""
ENTRIES = ("vae", "vae_mog", "gan", "dcgan", "r3gan")
VARIANTS = tuple(f"exported {entry}" for entry in ENTRIES)
# Pixels of at least so much belong to a stroke.
STROKE = 128
# Pixels from the nearest stroke, of one that lies apart.
APART = 4
SHOWN = 8


def report(models, dataset):
    """Returns rows and figure."""
    images = np.concatenate(
        [batch["x"] for batch in dataset.test.take(measuring.IMAGES).batches_of_bytes(BATCH_SIZE)]
    )
    moved = {"moved by a pixel": np.roll(images, 1, 2)}
    kinds = {"as it is": images, **add_pixels(images), **moved}
    splits = {kind: data.InMemory(x) for kind, x in kinds.items()}
    rows = []
    for name, model in models.items():
        name = name.removeprefix("exported ")
        if Trait.POSTERIOR in model.traits:
            codes = [
                model.in_graph("encode")(x)["loc"] for x in _batches(model, splits["as it is"])
            ]
            given_code = {k: _of_codes(model, split, codes) for k, split in splits.items()}
            rows.append(_compare(f"{name}, log p(x given z)", given_code))
            count = measuring.IMPORTANCE_SAMPLES
            log_p = {k: density.log_likelihoods(model, s, count) for k, s in splits.items()}
            rows.append(_compare(f"{name}, log p(x)", log_p))
        else:
            rows.append(
                _compare(
                    f"{name}, logit of D",
                    {k: _logits(model, split) for k, split in splits.items()},
                )
            )
    figure, panels = figures.figure(4, 2.4, 4.2)
    for axes, (kind, x) in zip(panels, kinds.items(), strict=True):
        figures.show(axes, x[:SHOWN] / 255, 2, kind)
    return rows, figure


def add_pixels(images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns the images with one white pixel more, beside a stroke and apart from all strokes.

    Args:
      images: bytes [N, H, W, 1] of bright strokes on a dark ground.
      seed: of the choice among pixels that are as near.

    Returns:
      {"beside a stroke": [N, H, W, 1], "apart": [N, H, W, 1]}
    """
    rng = np.random.default_rng(seed)
    margin = images.shape[1] // 7  # a pixel at the border would be odd for that alone
    inside = np.zeros(images.shape[1:3], bool)
    inside[margin:-margin, margin:-margin] = True
    made = {"beside a stroke": images.copy(), "apart": images.copy()}
    for i, image in enumerate(images[..., 0]):
        distance = scipy.ndimage.distance_transform_edt(image < STROKE) * inside
        for kind, near in (("beside a stroke", distance == 1), ("apart", _is_apart(distance))):
            pixels = np.argwhere(near)
            row, column = pixels[rng.integers(len(pixels))]
            made[kind][i, row, column] = 255
    return made


def _is_apart(distance):
    return distance >= min(APART, distance.max())


def _batches(model, split: Split):
    """Images as the model takes them, with the same noise for the same numbers of images."""
    return [batch["x"] for batch in split.batches(BATCH_SIZE, model.config.pixels, SEED)]


def _of_codes(model, split, codes):
    """log p(x given z) [N] of the images of a split, at codes of other images."""
    batches = zip(_batches(model, split), codes, strict=True)
    return np.concatenate([model.likelihood(z[None]).log_prob(x)[0] for x, z in batches])


def _logits(model, split):
    judge = model.in_graph("judge")
    return np.concatenate([judge(tf.cast(x, tf.float32)) for x in _batches(model, split)])


def _compare(name, figure):
    """A row of the table from {kind: figure [N]}."""
    before, beside, apart, moved = figure.values()
    changes = {
        "a pixel beside a stroke": beside,
        "a pixel apart": apart,
        "moved by a pixel": moved,
    }
    return {
        "figure": name,
        **{kind: float(np.mean(f - before) / np.std(before)) for kind, f in changes.items()},
        "right %": float(100 * np.mean(beside > apart)),
    }
