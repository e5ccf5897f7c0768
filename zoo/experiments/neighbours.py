"""What does a pixel know of its neighbours?

An autoregressive model draws an image from the top left, each pixel given all those before it. Top
left: two samples as they grow. Top right: test images, their upper halves, and completions. Bottom
left: how surprising each pixel of a test image is, -log p(x_i | x_1 .. x_(i-1)), in nats. Bottom
right: the same as a mean over 1,000 test images; the last rows of the table have the means by what
surrounds a pixel. The table asks the question of the notes' row 12
again: test images with one white pixel added next to a stroke, with one added away from strokes,
and shifted by a pixel (see one_pixel.md), scored by an exact log-likelihood, by that of a VAE and
by the logit of a discriminator. Changes are in units of the standard deviation of a score across
the original images; "right" is the share of images for which the pixel next to the stroke
lowers the score less. Nats are the mean of -log p(x), exact for `pixelcnn` and `made`, from 500
codes for `vae_mog`, or of its bound, the negative ELBO. The models are those of saved_models/.
"""

import numpy as np
import scipy.ndimage

from zoo import data
from zoo.drawing import figures, images
from zoo.evaluation import density
from zoo.evaluation.map_rows import map_arrays
from zoo.evaluation.protocol import BATCH_SIZE
from zoo.experiments import measuring, one_pixel
from zoo.models.capabilities import Capability

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: almost everything, except at the outline of a stroke. There, where the 3x3 pixels around
it are not all alike, a pixel costs {{ cell("pixelcnn, a pixel at an outline", "nats") }} nats on
average (the toss of a coin costs 0.69), inside strokes
{{ cell("pixelcnn, a pixel within strokes", "nats") }} and in the empty rest
{{ cell("pixelcnn, a pixel of the background", "nats") }}. What a digit becomes is open for long: an
upper half has several completions, with or without a loop, but stroke width and slant continue as
they began. About the notes' row 12 an exact likelihood says what that of a VAE says: `pixelcnn`
finds the pixel away from strokes worse on {{ cell("pixelcnn, log p(x)", "right %") }}% of the
images and `vae_mog` on {{ cell("vae_mog, log p(x)", "right %") }}%, D on
{{ cell("r3gan, logit of D", "right %") }}%. `made` is right less often, on
{{ cell("made, log p(x)", "right %") }}%. A shifted image costs `pixelcnn` less than the other
likelihoods, in units of their own deviations. An exact likelihood leaves no gap between a bound and
log p(x): `pixelcnn` has {{ cell("pixelcnn, log p(x)", "nats") }} nats and `made`
{{ cell("made, log p(x)", "nats") }}, where `vae_mog` has
{{ cell("vae_mog, log p(x)", "nats") }} and an ELBO of -{{ cell("vae_mog, ELBO", "nats") }}.
"""
VARIANTS = tuple(f"exported {entry}" for entry in ("pixelcnn", "made", "vae_mog", "r3gan"))
# Images of each panel, and stages of a sample as it grows.
SHOWN, STAGES = 4, 8
# Nats of a pixel that are shown as white.
WHITE = 2.0


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    split = dataset.test.take(measuring.IMAGES)
    originals = np.concatenate([batch["x"] for batch in split.batches_of_bytes(BATCH_SIZE)])
    splits = {kind: data.InMemory(x) for kind, x in one_pixel.make_kinds(originals).items()}
    rows = []
    for name, model in models.items():
        for what, score in _scores(model).items():
            scores = {kind: score(split) for kind, split in splits.items()}
            nats = None if what == "logit of D" else -float(np.mean(scores["original"]))
            row = one_pixel.compare_scores(f"{name.removeprefix('exported ')}, {what}", scores)
            rows.append({"score": row.pop("score"), "nats": nats, **row})
    model = models["exported pixelcnn"]
    figure, panels = figures.make_figure(2, 5.0, 3.4, rows=2)
    _draw_growth(panels[0], model)
    x = measuring.test_images(model, dataset)[: measuring.IMAGES].numpy()
    _draw_completions(panels[1], model, x[:SHOWN])
    nats = map_arrays(model.compiled_method("pixel_nats"), x)
    _draw_surprise(panels[2], panels[3], x, nats)
    for place, mean in _nats_by_surroundings(x[..., 0], nats).items():
        empty = dict.fromkeys(rows[0])
        rows.append({**empty, "score": f"pixelcnn, a pixel {place}", "nats": mean})
    return rows, figure


def _scores(model):
    """Functions of a split that score its images, [N], by name."""
    if Capability.LOG_PROB in model.capabilities:
        return {"log p(x)": lambda split: density.exact_log_likelihoods(model, split)}
    if Capability.POSTERIOR in model.capabilities:
        count = measuring.IMPORTANCE_SAMPLES
        return {
            "log p(x)": lambda split: density.log_likelihoods(model, split, count),
            "ELBO": lambda split: density.log_likelihoods(model, split, 1),
        }
    return {"logit of D": lambda split: one_pixel.logits_of(model, split)}


def _draw_growth(axes, model):
    """Samples of which more and more rows are known."""
    x = model.compiled_method("sample")(np.arange(2, dtype=np.int32)).numpy()
    height = x.shape[1]
    stages = []
    for image in x:
        for known in np.linspace(0, height, STAGES).astype(int):
            stage = np.full_like(image, 0.5)
            stage[:known] = image[:known]
            stages.append(stage)
    figures.show_grid(axes, np.stack(stages), STAGES, "samples as they grow")


def _draw_completions(axes, model, x):
    complete = model.compiled_method("complete")
    rows, names = images.completion_rows(complete, x, None, "top", STAGES - 2)
    figures.show_grid(axes, rows, STAGES, "completions of upper halves", names)


def _nats_by_surroundings(x, nats):
    """Mean nats of the pixels [N, H, W] by what the 3x3 pixels around each are."""
    size = (1, 3, 3)
    highest, lowest = scipy.ndimage.maximum_filter(x, size), scipy.ndimage.minimum_filter(x, size)
    return {
        "at an outline": float(nats[highest > lowest].mean()),
        "within strokes": float(nats[lowest > 0].mean()),
        "of the background": float(nats[highest < 1].mean()),
    }


def _draw_surprise(left, right, x, maps):
    """Nats of each pixel given those before it, of some images and as a mean."""
    shown = np.stack([x[:SHOWN, ..., 0], np.minimum(maps[:SHOWN] / WHITE, 1)], 1)
    grid = shown.reshape(-1, *shown.shape[2:])[..., None]
    figures.show_grid(left, grid, 4, f"image, and nats of each pixel; white: {WHITE:g} or more")
    picture = right.imshow(maps.mean(0), cmap="viridis", vmin=0)
    right.figure.colorbar(picture, ax=right)
    right.set_title(f"nats of each pixel, mean; sum {maps.mean(0).sum():.1f}")
    right.set_axis_off()
