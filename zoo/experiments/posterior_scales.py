"""Is sigma learned by itself?

The encoder gives m and sigma, the code is m + exp(sigma) e with standard normal noise e. On the
left: each latent dimension's scale exp(sigma), averaged over the test images, against the standard
deviation of its m. A dimension either carries information (a small scale, a large deviation of m)
or stays at the prior (a scale of 1, m always 0). On the right: the reconstruction of an image from
its m, then from draws around m with 1, 2 and 3 times the learned scale. Within the learned scale
the digit stays the same; the data point has become a distribution of such digits.
"""

import numpy as np
import tensorflow as tf

from zoo.drawing import figures
from zoo.evaluation.codes import ACTIVE_VARIANCE
from zoo.experiments import measuring

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes. No scale is set by hand, and each dimension finds its own: small where the decoder
needs the value, 1 where it does not. The variance terms of the KL keep it there; without them the
noise vanishes in training.
"""
VARIANTS = ("diagonal", "without variance terms")
TIMES = (0, 1, 1, 1, 2, 2, 2, 3, 3, 3)


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    rows = []
    figure, (left, right) = figures.make_figure(2)
    for name, model in models.items():
        loc, scale = measuring.codes(model, dataset)
        spread, scale = loc.std(0), scale.mean(0)
        active = spread**2 > ACTIVE_VARIANCE
        trained = "with the full KL" if name == "diagonal" else name
        rows += [
            {
                "trained": trained,
                "latent dimensions": group,
                "number": int(which.sum()),
                "mean scale": float(scale[which].mean()),
                "lowest scale": float(scale[which].min()),
                "highest scale": float(scale[which].max()),
                "deviation of m": float(spread[which].mean()),
            }
            for group, which in (("active", active), ("inactive", ~active))
            if which.any()
        ]
        order = np.argsort(scale)
        (line,) = left.plot(scale[order], "o-", label=f"scale of q(z|x), {trained}")
        left.plot(spread[order], "s--", color=line.get_color(), label=f"deviation of m, {trained}")
    left.set_yscale("log")
    left.set_xlabel("latent dimensions, ordered by scale")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend(fontsize="small")

    model = models["diagonal"]
    x = measuring.test_images(model, dataset)[:6]
    q = model.posterior(x)
    e = (
        np.array(measuring.noise(len(TIMES), 6, model.config.latent_dim))
        * np.array(TIMES)[:, None, None]
    )
    z = q.mean() + q.stddev() * e  # [T, 6, D]
    decoded = tf.reshape(model.likelihood(z).mean(), [len(TIMES), *x.shape])
    rows_of_images = np.concatenate([x[:, None], np.moveaxis(decoded, 0, 1)], 1)
    figures.show_grid(
        right,
        rows_of_images.reshape(-1, *x.shape[1:]),
        len(TIMES) + 1,
        "reconstructions from m and from draws",
        ("image", *("m" if t == 0 else f"{t} × σ" for t in TIMES)),
    )
    return rows, figure
