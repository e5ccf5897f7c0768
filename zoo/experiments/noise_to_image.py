"""Noise to image: what does the network learn?

Flow matching draws a line from noise x_0 to an image x_1 and asks a network for the direction
x_1 - x_0, from a point x_t of the line and the time t alone. Many lines pass through the same
point, so that the best answer is the mean direction of all of them, v(x, t) = E[x_1 - x_0 | x_t].
Samples follow v from noise at t = 0 to t = 1. Top left: trajectories of five samples. Top right:
the network's prediction of the final image at each time, x_t + (1 - t) v. Middle left: the error of
the direction by time, on test images. Middle right: guidance, which goes further than v in the
direction that the label adds. Bottom left: the same noise with every label. Bottom right: test
images, the noise that the flow maps them to, and that noise with every label. Figures of the table
are of 2,000 samples. The model is that of saved_models/.
"""

import numpy as np
import tensorflow as tf

from zoo import models as zoo_models
from zoo import seeds
from zoo.distributions import ode
from zoo.drawing import figures
from zoo.evaluation import draws, samples
from zoo.evaluation.judges import Judge
from zoo.evaluation.map_rows import map_arrays
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: the mean of all images that the point x_t may belong to. From noise alone the network
predicts the mean image of the label; at t = 0.3 the shape of the digit is there, and what follows
sharpens it. The error of the direction is largest at both ends: at first the image is unknown, and
at last the little noise that is left is hard to tell from the image's own. Here the noise is what e
is for a VAE and the code for a GAN: drawn from a distribution that is never learned. It holds
everything but the label, since digits of the same noise have the same slant and stroke width. Any
image has its noise, which the flow finds backwards: a GAN has no such way, and a VAE has to train
an encoder for it. A guidance of 1.4 in the middle of the way raises the conditional accuracy from
{{ cell("guidance 1", "conditional accuracy %") }}% to
{{ cell("guidance 1.4", "conditional accuracy %") }}%, and the samples also come closer to the test
images; stronger guidance takes them further away, and so does the same guidance at all times. Two
steps draw digits at a distance of {{ cell("2 steps", "Fréchet classifier distance") }}, 20 at
{{ cell("20 steps", "Fréchet classifier distance") }}; a single step
({{ cell("1 step", "Fréchet classifier distance") }}) is not enough.
"""
VARIANTS = ("exported flow_matching",)
SAMPLES = 2_000
# Rows of the table differ from the export in guidance, in when it acts, or in the steps.
GUIDANCE, STEPS = (1.0, 1.2, 1.4, 2.0, 3.0), (1, 2, 4, 20)
ALL_TIMES = {"guidance_start": 0.0, "guidance_end": 1.0}
TIMES = 11


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    (model,) = models.values()
    judge = Judge(variants.load_export("classifier", dataset))
    split = dataset.test.take(min(SAMPLES, dataset.test.size))
    real = judge.features_of_split(split).features
    settings = {f"guidance {guidance:g}": {"guidance": guidance} for guidance in GUIDANCE}
    for guidance in (1.2, 1.4):
        settings[f"guidance {guidance} at all times"] = {"guidance": guidance, **ALL_TIMES}
    settings |= {f"{steps} step{'s' * (steps > 1)}": {"steps": steps} for steps in STEPS}
    rows = [
        {"setting": name, **_measure(_change(model, **fields), judge, real, split.labels())}
        for name, fields in settings.items()
    ]
    figure, panels = figures.make_figure(2, 5.2, 3.2, rows=3)
    _draw_way(panels[0], panels[1], model)
    _draw_error(panels[2], model, dataset)
    _draw_guidance(panels[3], rows[: len(GUIDANCE)])
    _draw_labels(panels[4], panels[5], model, dataset)
    return rows, figure


def _change(model, **fields):
    """The same weights with other fields of sampling."""
    description = zoo_models.description(model)
    description["config"] = {**description["config"], **fields}
    return zoo_models.from_description(description, model.served_variables())


def _measure(model, judge, real, labels):
    fake = judge.features(draws.draw(model, len(labels), labels))
    config = model.config
    return {
        "guidance": config.guidance,
        "at times": f"{config.guidance_start:g} to {config.guidance_end:g}",
        "steps": config.steps,
        "network calls": _count_calls(config),
        "Fréchet classifier distance": samples.frechet_distance(real, fake.features),
        "coverage": samples.neighbourhoods(real, fake.features).get("coverage"),
        "conditional accuracy %": 100 * float(np.mean(fake.probs.argmax(-1) == labels)),
    }


def _count_calls(config):
    """How often the network is evaluated for a sample: twice at times with guidance."""
    times: list[float] = []

    def record(x, t):
        times.append(t)
        return x

    for i in range(config.steps):
        ode.SOLVERS[config.solver](record, 0.0, i / config.steps, 1 / config.steps)
    if config.guidance == 1:
        return len(times)
    return len(times) + sum(config.guidance_start <= t <= config.guidance_end for t in times)


def _draw_way(left, right, model):
    """Samples at even times, and the image that the network predicts at each."""
    rows = np.repeat(np.arange(5, dtype=np.int32), TIMES)
    t = np.tile(np.linspace(0, 1, TIMES, dtype=np.float32), 5)
    y = rows % model.spec.num_classes
    # `trajectory` would cut it to [0, 1].
    x = tf.function(_uncut)(model, rows, t, y)
    ends = x + (1 - t)[:, None, None, None] * model.velocity(x, t, y)
    headings = [f"{time:.1f}" for time in t[:TIMES]]
    figures.show_grid(left, model.restore(x).numpy(), TIMES, "trajectory, by t", headings)
    figures.show_grid(right, model.restore(ends).numpy(), TIMES, "predicted image, by t", headings)


def _uncut(model, seed, t, y):
    z = tf.reshape(seeds.row_normal(seed, model.latent_dim), [-1, *model.spec.shape])
    return model.solve(z, y, model.start, tf.maximum(t, model.start), model.config.steps)


def _draw_error(axes, model, dataset):
    """Squared error of the direction by time, for 500 test images."""
    batch = next(iter(dataset.test.batches(500, model.config.pixels, 0)))
    x_1 = model.standardize(batch["x"])
    x_0 = seeds.normal(tf.shape(x_1), seeds.root(0))
    times = np.linspace(0.02, 0.98, 25, dtype=np.float32)
    velocity = tf.function(model.velocity)
    errors = []
    for t in times:
        v = velocity((1 - t) * x_0 + t * x_1, tf.fill([len(x_1)], t), batch["y"])
        errors.append(float(tf.reduce_mean(tf.square(v - (x_1 - x_0)))))
    axes.plot(times, errors)
    constant = float(tf.reduce_mean(tf.math.reduce_variance(x_1 - x_0, 0)))
    axes.axhline(constant, color="grey", ls=":", lw=1, label="of the mean direction")
    axes.legend(fontsize="small")
    axes.set(xlabel="t", ylabel="squared error per pixel", ylim=(0, None))
    axes.set_title("error of the direction")


def _draw_guidance(axes, rows):
    guidance = [row["guidance"] for row in rows]
    (line,) = axes.plot(guidance, [row["Fréchet classifier distance"] for row in rows], "o-")
    axes.set(xlabel="guidance", ylabel="Fréchet classifier distance", ylim=(0, None))
    axes.yaxis.label.set_color(line.get_color())
    other = axes.twinx()
    other.plot(guidance, [row["coverage"] for row in rows], "s--C1", label="coverage")
    shares = [row["conditional accuracy %"] / 100 for row in rows]
    other.plot(guidance, shares, "^:C2", label="conditional accuracy")
    other.set(ylabel="share", ylim=(None, 1))
    other.legend(fontsize="small", loc="center right")
    axes.set_title("guidance: quality against variety")


def _draw_labels(left, right, model, dataset):
    """Noise with every label: drawn, and that of test images."""
    classes, rows = model.spec.num_classes, 5
    decode, encode = tf.function(model.decode), tf.function(model.encode)
    y = np.tile(np.arange(classes, dtype=np.int32), rows)

    def with_every_label(z):
        return map_arrays(decode, np.repeat(z, classes, 0), y)

    z = seeds.row_normal(np.arange(rows, dtype=np.int32), model.latent_dim).numpy()
    names = list(model.spec.label_names)
    figures.show_grid(left, with_every_label(z), classes, "one noise per row", names)
    batch = next(iter(dataset.test.batches(rows, model.config.pixels, 0)))
    x = batch["x"].numpy()
    z = encode(x, batch["y"])["z"].numpy()
    noise = np.clip((z.reshape(x.shape) + 1) / 2, 0, 1)
    made = with_every_label(z).reshape(rows, classes, *x.shape[1:])
    grid = np.concatenate([x[:, None], noise[:, None], made], 1).reshape(-1, *x.shape[1:])
    figures.show_grid(right, grid, classes + 2, "noise of test images", ["x", "z", *names])
