"""Does each output need its own variance?

Three decoders of grey images: the mean of each pixel with one fixed standard deviation, with one
that is learned and shared by all pixels, and with one of its own for every pixel, a function of the
code. Bits per dimension are of the bytes and come from the log-likelihood by importance sampling on
the first test images. In the figure: image, mean, and standard deviation of each pixel, from black
for 0 to white for a quarter of the range of a pixel and above.
"""

import numpy as np

from zoo.drawing import figures
from zoo.experiments import measuring
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes. One variance for all has to be as large as the strokes need, and charges the empty
border for it; with one each, the border is certain, the inside of a stroke nearly so, and the edges
of strokes, where the code cannot tell, are where the variance goes.
"""
VARIANTS = ("fixed", "shared", "per pixel")
WHITE = 0.25


def report(models, dataset):
    """Returns rows and figure."""
    rows, maps = [], []
    for name, model in models.items():
        terms = measuring.with_likelihood(model, dataset)
        x = measuring.test_images(model, dataset)
        p = model.likelihood(model.posterior(x[:200]).mean())
        scale = np.broadcast_to(p.stddev(), p.mean().shape)
        rows.append(
            {
                "variance": name,
                "bits per dimension": bounds.bits_per_dim(
                    terms["nll"], int(np.prod(x.shape[1:])), False
                ),
                "NLL": terms["nll"],
                "rate": terms["rate"],
                "median scale": float(np.median(scale)),
                "lowest scale": float(scale.min()),
                "highest scale": float(scale.max()),
            }
        )
        shown = scale[:4] / WHITE
        maps.append(np.stack([x[:4], p.mean()[:4], shown], 1).reshape(-1, *x.shape[1:]))
    figure, axes = figures.figure(len(models), 3.2)
    for axis, pictures, name in zip(axes, maps, models, strict=True):
        figures.show(axis, pictures, 3, name, ("image", "mean", "deviation"))
    return rows, figure
