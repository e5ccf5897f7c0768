"""At test time, e = 0?

A reconstruction can decode the mean m of q(z|x) (e = 0), decode a draw from q, or average many
decoded draws. The distortion is the negative log-likelihood of the image given that code, in nats;
the squared error is the mean over pixels.
"""

import numpy as np
import tensorflow as tf

from zoo.distributions import posteriors
from zoo.drawing import figures
from zoo.experiments import measuring

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, for a single reconstruction. The mean of the code reconstructs better than a draw
by both measures, and the average of many decoded draws is no improvement. Draws show something that
the mean cannot: which details the code leaves open.
"""
VARIANTS = ("diagonal",)
DRAWS = 32


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    (model,) = models.values()
    x = measuring.test_images(model, dataset)[:1000]
    q = model.posterior(x)
    z = posteriors.reparametrize(q, measuring.noise(DRAWS, *q.mean().shape))  # [S, N, D]

    def measured(name, pictures, distortion):
        error = float(np.mean((pictures - np.array(x)) ** 2))
        return {"code": name, "distortion": distortion, "squared error": error}

    at_mean = model.likelihood(q.mean()[None])
    at_draws = [model.likelihood(z[i : i + 1]) for i in range(DRAWS)]
    pictures = np.concatenate([p.mean() for p in at_draws])  # [S, N, H, W, C]
    distortions = [float(-tf.reduce_mean(p.log_prob(x))) for p in at_draws]
    rows = [
        measured(
            "e = 0, the mean", at_mean.mean().numpy()[0], float(-np.mean(at_mean.log_prob(x)))
        ),
        measured("a draw", pictures, float(np.mean(distortions))),
        measured(f"mean image of {DRAWS} draws", pictures.mean(0), None),
    ]
    figure, (axes,) = figures.make_figure(1, 8)
    columns = np.concatenate([x[None], at_mean.mean(), pictures[:8], pictures.mean(0)[None]])
    figures.show_grid(
        axes,
        np.moveaxis(columns[:, :8], 0, 1).reshape(-1, *x.shape[1:]),
        len(columns),
        f"reconstructions: e = 0, draws 1 to 8, mean of {DRAWS}",
        ("image", "e = 0", *"12345678", "mean"),
    )
    return rows, figure
