"""Does each output need its own variance?

Three decoders of grey images have a mean for each pixel. Their standard deviation is fixed, or
learned and shared by all pixels, or a function of the code for each pixel. Bits per dimension are
those of the bytes, from the log-likelihood by importance sampling on the first test images. The
figure shows image, mean and standard deviation of each pixel, from black for 0 to white for a
quarter of the range of a pixel and above.
"""

import numpy as np

from zoo.drawing import figures
from zoo.experiments import measuring
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes. A shared variance has to be as large as the strokes need, which is far too large
for the empty border. With a variance for each pixel the border is certain, the inside of a stroke
nearly so, and the variance is at the edges of strokes, which the code does not determine exactly.
"""
VARIANTS = ("fixed", "shared", "per pixel")
WHITE = 0.25


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
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
    figure, axes = figures.make_figure(len(models), 3.2)
    for axis, pictures, name in zip(axes, maps, models, strict=True):
        figures.show_grid(axis, pictures, 3, name, ("image", "mean", "deviation"))
    return rows, figure
