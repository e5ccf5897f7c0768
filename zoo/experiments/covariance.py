"""May the covariance be non-diagonal?

The posterior is diagonal, has a full covariance (tril), or is a flow (iaf), on binarised images.
The gap between the ELBO and log p(x) is the KL divergence from q(z|x) to the true posterior. The
decoder has pixels that are independent given the code, or a joint Gaussian whose covariance is low
rank plus diagonal, on grey images. NLL is by importance sampling on the first test images; draws of
whole images show the effect of a covariance of pixels.
"""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.drawing import figures
from zoo.experiments import measuring
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and for the posterior it helps. A full covariance and the flow each close part of
the gap, by about as much; since the decoder is trained on that bound, log p(x) improves as well.
For the decoder it did not help here: independent pixels with their own variances fit better, and
the few common directions model the brightness of the whole image, as the draws show.
"""
VARIANTS = ("diagonal", "tril", "iaf", "per pixel", "low rank")
OF_THE_DECODER = ("per pixel", "low rank")


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    rows = []
    for name, model in models.items():
        grey = name in OF_THE_DECODER
        terms = measuring.with_likelihood(model, dataset)
        nll = terms["nll"]
        values = int(np.prod(model.spec.shape))
        rows.append(
            {
                "covariance": f"decoder, {name}" if grey else f"posterior, {name}",
                "NLL": nll,
                "negative ELBO": -terms["elbo"],
                "gap": -terms["elbo"] - nll,
                "rate": terms["rate"],
                "bits per dimension": bounds.bits_per_dim(nll, values, False) if grey else None,
            }
        )
    figure, (left, *right) = figures.make_figure(3)
    binary = [row for row in rows if row["bits per dimension"] is None]
    at = np.arange(len(binary))
    bounds_ = [row["negative ELBO"] for row in binary]
    left.vlines(at, [row["NLL"] for row in binary], bounds_, color="0.7", label="gap")
    left.plot(at, bounds_, "o", color="C1", label="negative ELBO")
    left.plot(at, [row["NLL"] for row in binary], "o", color="C0", label="NLL")
    left.set_xticks(at, [row["covariance"].removeprefix("posterior, ") for row in binary])
    left.margins(x=0.2)
    left.set_ylabel("nats per image")
    left.set_title("posterior")
    left.legend()
    for axes, name in zip(right, OF_THE_DECODER, strict=True):
        p = models[name].likelihood(measuring.noise(3, models[name].config.latent_dim))
        pictures = [p.mean(), *(p.sample(seed=seeds.root(i)) for i in range(5))]
        figures.show_grid(
            axes,
            tf.reshape(tf.stack(pictures, 1), [-1, *models[name].spec.shape]).numpy(),
            len(pictures),
            f"decoder, {name}",
            ("mean", *(f"draw {i}" for i in range(1, len(pictures)))),
        )
    return rows, figure
