"""What does each level know?

`hvae` has three levels of codes: z_1 on top, z_2 given z_1, z_3 given both. Top left: test images,
and each redrawn with its upper codes kept and those below drawn from the prior; with all three kept
it is the reconstruction. Top right: the rate of each level, and how well its codes alone tell the
digits. Bottom left: the prior of z_1 is a mixture of posteriors (a VampPrior); some of its learned
inputs, each followed by samples of that component. Bottom right: test images, and what `vae_pixel`
draws from the code of each: its decoder also sees pixels above and to the left of each pixel. In
the table, "from codes" is the accuracy of a logistic regression on the means of the codes, "same
digit" the share of 1,000 test images that `classifier_mnist` still assigns to their digit after the
codes below that level are redrawn; for 100 of the components, the share of the most frequent digit
among 20 samples of each. `vae_vamp` has the prior of `hvae` and one level, `vae_mog` the prior of
`vae_pixel` and independent pixels. Images are grey means, those of `vae_pixel` binary draws, which
the classifier recognises less often. The models are those of saved_models/.
"""

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing
import tensorflow as tf

from zoo import seeds
from zoo.distributions import posteriors
from zoo.drawing import figures
from zoo.evaluation.judges import Judge
from zoo.evaluation.map_rows import map_arrays, map_split
from zoo.experiments import measuring, variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: the top level knows the digit, the lower ones details. A regression tells the digit from
the codes of level 1 alone for {{ cell("hvae, level 1", "from codes %") }}% of the test images, from
those of level 2 for {{ cell("hvae, level 2", "from codes %") }}% and of level 3 for
{{ cell("hvae, level 3", "from codes %") }}%; and where the two lower levels are drawn again,
{{ cell("hvae, level 1", "same digit %") }}% of the images keep their digit. The top level has
{{ cell("hvae, level 1", "rate") }} of all {{ cell("hvae, all", "rate") }} nats. About the notes'
row 7: most components of the prior show one digit: on average
{{ cell("hvae, a component of level 1", "same digit %") }}% of a component's samples are of its most
frequent one. The model is thus a mixture of 500 VAEs with Gaussian priors, each itself a continuous
mixture. The code of `vae_pixel` has only {{ cell("vae_pixel, all", "rate") }} nats, since its
decoder has the pixels before each pixel as well, and still identifies the digit: a regression finds
it for {{ cell("vae_pixel, all", "from codes %") }}% of the images, as from the codes of `hvae`
({{ cell("hvae, all", "from codes %") }}%). From the {{ cell("vae_mog, all", "rate") }} nats of
`vae_mog`, which has the same prior, it finds {{ cell("vae_mog, all", "from codes %") }}%, from the
{{ cell("vae_vamp, all", "rate") }} of `vae_vamp` {{ cell("vae_vamp, all", "from codes %") }}%.
Draws from the code of `vae_pixel` keep the digit on {{ cell("vae_pixel, all", "same digit %") }}%.
"""
VARIANTS = tuple(f"exported {entry}" for entry in ("hvae", "vae_pixel", "vae_vamp", "vae_mog"))
# Training images of the regressions; components of the prior, and samples of each.
FITTED, COMPONENTS, SAMPLES = 10_000, 100, 20
# Test images of a panel, draws of each, and components of a panel.
SHOWN, DRAWS, SHOWN_COMPONENTS = 4, 3, 5


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    judge = Judge(variants.load_export("classifier", dataset))
    hvae, pixel, *_ = models.values()
    rows = [_component_row(hvae, judge)]
    rows += _level_rows(hvae, dataset, judge)
    rows += [_whole_row(name, model, dataset, judge) for name, model in models.items()]
    figure, panels = figures.make_figure(2, 5.2, 3.4, rows=2)
    x = measuring.test_images(hvae, dataset)[:SHOWN].numpy()
    _draw_redrawn(panels[0], hvae, x)
    _draw_levels(panels[1], rows[1 : 1 + hvae.config.levels])
    _draw_components(panels[2], hvae)
    _draw_pixels(panels[3], pixel, x)
    return rows, figure


def _level_rows(model, dataset, judge):
    """Each level: its rate, its codes, and images of which it and those above are kept."""
    terms = measuring.terms(model, dataset.test)
    accuracies = _tell_digits(model, dataset, model.config.levels)
    method, rows = model.compiled_method("redraw"), []
    for level, accuracy in enumerate(accuracies, 1):

        def redraw(x, seed, level=level):
            return method(x, np.full_like(seed, level), seed)

        rows.append(
            {
                "level": f"hvae, level {level}",
                "rate": terms[f"rate_{level}"],
                "from codes %": 100 * accuracy,
                "same digit %": _same_digit(dataset, judge, model, redraw),
            }
        )
    return rows


def _whole_row(name, model, dataset, judge):
    """All codes of a model together."""

    @tf.function(reduce_retracing=True)
    def redraw(x, seed):
        return model.draw_image(model.encode(x)["loc"], seed)

    return {
        "level": f"{name.removeprefix('exported ')}, all",
        "rate": measuring.terms(model, dataset.test)["rate"],
        "from codes %": 100 * _tell_digits(model, dataset, 1)[0],
        "same digit %": _same_digit(dataset, judge, model, redraw),
    }


def _tell_digits(model, dataset, levels):
    """Returns the accuracy on test images of a regression on each of the equal parts of codes."""
    encode, pixels = model.compiled_method("encode"), model.config.pixels
    train, test = dataset.train.take(min(FITTED, dataset.train.size)), dataset.test
    z, of_test = (
        np.split(map_split(lambda batch: encode(batch["x"])["loc"], split, pixels), levels, 1)
        for split in (train, test)
    )
    accuracies = []
    for part, of_test_part in zip(z, of_test, strict=True):
        regression = sklearn.pipeline.make_pipeline(
            sklearn.preprocessing.StandardScaler(),
            sklearn.linear_model.LogisticRegression(max_iter=1000),
        )
        regression.fit(part, train.labels())
        accuracies.append(regression.score(of_test_part, test.labels()))
    return accuracies


def _same_digit(dataset, judge, model, redraw):
    split = dataset.test.take(min(measuring.IMAGES, dataset.test.size))
    x = map_split(lambda batch: batch["x"], split, model.config.pixels)
    redrawn = map_arrays(redraw, x, np.arange(len(x), dtype=np.int32))
    return 100 * float(np.mean(judge.features(redrawn).probs.argmax(-1) == split.labels()))


def _component_row(model, judge):
    """How often samples of a component of the prior show its most frequent digit."""
    count = model.config.prior_components
    numbers = np.repeat(np.arange(COMPONENTS) * count // COMPONENTS, SAMPLES).astype(np.int32)
    drawn = map_arrays(_sampler(model), numbers, np.arange(len(numbers), dtype=np.int32))
    digits = judge.features(drawn).probs.argmax(-1).reshape(COMPONENTS, SAMPLES)
    most = [np.bincount(row).max() / SAMPLES for row in digits]
    return {
        "level": "hvae, a component of level 1",
        "rate": None,
        "from codes %": None,
        "same digit %": 100 * float(np.mean(most)),
    }


def _sampler(model):
    """A function of components [B] and seeds [B] that draws a sample of each component."""

    @tf.function(reduce_retracing=True)
    def draw(numbers, row_seeds):
        prior, dim = model.prior_layer, model.config.latent_dim
        top = prior.top.chosen(model.posterior_components, numbers)
        size = dim // model.config.levels
        z = posteriors.reparametrize(top, seeds.row_normal(row_seeds, size))
        kept = tf.pad(z, [[0, 0], [0, dim - size]])
        level = tf.ones_like(row_seeds)
        z = prior.draw_below(model.posterior_components, row_seeds, kept, level)
        return model.draw_image(z, row_seeds)

    return draw


def _draw_redrawn(axes, model, x):
    levels = model.config.levels
    kept = np.repeat(np.arange(levels + 1), [0, *[DRAWS] * (levels - 1), 1]).astype(np.int32)
    redraw, seed = model.compiled_method("redraw"), np.arange(len(kept), dtype=np.int32)
    rows = [
        np.concatenate([image[None], redraw(np.repeat(image[None], len(kept), 0), kept, seed)])
        for image in x
    ]
    headings = ["image", *(f"{level} kept" for level in kept)]
    figures.show_grid(axes, np.concatenate(rows), len(headings), "upper codes kept", headings)


def _draw_levels(axes, rows):
    names = [row["level"].removeprefix("hvae, ") for row in rows]
    axes.bar(names, [row["rate"] for row in rows], width=0.5)
    axes.set(ylabel="rate, nats", title="rate, and digits told from the codes")
    for i, row in enumerate(rows):
        axes.text(i, row["rate"], f"{row['from codes %']:.1f}%", ha="center", va="bottom")
    axes.margins(y=0.15)


def _draw_components(axes, model):
    count = model.config.prior_components
    numbers = (np.arange(SHOWN_COMPONENTS) * count // SHOWN_COMPONENTS).astype(np.int32)
    columns = 2 * DRAWS + 1
    row_seeds = np.arange(SHOWN_COMPONENTS * (columns - 1), dtype=np.int32)
    drawn = _sampler(model)(np.repeat(numbers, columns - 1), row_seeds)
    drawn = np.reshape(drawn, [SHOWN_COMPONENTS, columns - 1, *drawn.shape[1:]])
    learned = model.prior_layer.top.pseudo_inputs.numpy()[numbers]
    grid = np.concatenate([learned[:, None], drawn], 1).reshape(-1, *drawn.shape[2:])
    figures.show_grid(axes, grid, columns, "learned inputs of the prior, and samples of each")


def _draw_pixels(axes, model, x):
    count = 2 * DRAWS
    z = np.repeat(model.encode(x)["loc"], count, 0)
    drawn = model.draw_image(z, np.arange(len(z), dtype=np.int32))
    grid = np.concatenate([x[:, None], np.reshape(drawn, [len(x), count, *x.shape[1:]])], 1)
    title = "images, and draws of vae_pixel from their codes"
    figures.show_grid(axes, grid.reshape(-1, *x.shape[1:]), count + 1, title)
