"""Is sigma learned by itself?

The encoder gives m and sigma, the code is m + exp(sigma) e with standard normal noise e. On the
left, each latent dimension's scale exp(sigma), averaged over the test images, beside the spread of
its m: a dimension either carries information (a small scale, a wide spread of m) or is left at the
prior (a scale of 1, m always 0). On the right, what the spread of one image's code means: the
reconstruction of an image from its m, then from draws around m with 1, 2 and 3 times the learned
scale. Within the learned scale the digit stays itself; the data point has become a distribution of
such digits.
"""

import numpy as np
import tensorflow as tf

from zoo.evaluation import ACTIVE_VARIANCE
from zoo.experiments import plots

VARIANTS = ("diagonal",)
TIMES = (0, 1, 1, 1, 2, 2, 2, 3, 3, 3)


def report(models, dataset):
    """Returns rows and figure."""
    (model,) = models.values()
    loc, scale = plots.codes(model, dataset)
    spread, scale = loc.std(0), scale.mean(0)
    active = spread**2 > ACTIVE_VARIANCE
    rows = [
        {
            "latent dimensions": name,
            "number": int(which.sum()),
            "mean scale": float(scale[which].mean()),
            "lowest scale": float(scale[which].min()),
            "highest scale": float(scale[which].max()),
            "spread of m": float(spread[which].mean()),
        }
        for name, which in (("active", active), ("inactive", ~active))
        if which.any()
    ]
    figure, (left, right) = plots.figure(2)
    order = np.argsort(scale)
    left.plot(scale[order], "o-", label="scale of q(z|x), mean over images")
    left.plot(spread[order], "s--", label="standard deviation of m over images")
    left.set_xlabel("latent dimension, in the order of its scale")
    left.legend()

    x = plots.test_images(model, dataset)[:6]
    q = model.posterior(x)
    e = np.array(plots.noise(len(TIMES), 6, loc.shape[1])) * np.array(TIMES)[:, None, None]
    z = q.mean() + q.stddev() * e  # [T, 6, D]
    decoded = tf.reshape(model.likelihood(z).mean(), [len(TIMES), *x.shape])
    rows_of_images = np.concatenate([x[:, None], np.moveaxis(decoded, 0, 1)], 1)
    plots.show(
        right,
        rows_of_images.reshape(-1, *x.shape[1:]),
        len(TIMES) + 1,
        "image, m, then 3 draws at 1, 2, 3 times the scale",
    )
    return rows, figure
