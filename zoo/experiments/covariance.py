"""May the covariance be non-diagonal?

Of the posterior: diagonal, full covariance (tril), or a flow of any shape (iaf), on binarised
images. What the ELBO loses against log p(x) is the divergence of q(z|x) from the true posterior:
the gap. Of the decoder: pixels that are independent given the code, or Gaussian together with a
covariance of low rank plus a diagonal, on grey images. NLL is by importance sampling on the first
test images; draws of whole images show what a covariance of pixels does.
"""

import math

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.drawing import figures
from zoo.experiments import measuring
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and of the posterior it pays. A full covariance closes a part of the gap that the
diagonal leaves, and the flow a little more; since the decoder is trained on that bound, log p(x)
rises as well. Of the decoder it did not pay here: the fit is no better than that of independent
pixels with a variance each, and the few common directions go into the brightness of the whole
image, which the draws show.
"""
VARIANTS = ("diagonal", "tril", "iaf", "per pixel", "low rank")
OF_THE_DECODER = ("per pixel", "low rank")


def report(models, dataset):
    """Returns rows and figure."""
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
    figure, (left, *right) = figures.figure(3)
    binary = [row for row in rows if row["bits per dimension"] is None]
    at = np.arange(len(binary))
    left.bar(at - 0.2, [row["NLL"] for row in binary], 0.4, label="NLL")
    left.bar(at + 0.2, [row["negative ELBO"] for row in binary], 0.4, label="negative ELBO")
    left.set_xticks(at, [row["covariance"].removeprefix("posterior, ") for row in binary])
    baseline = math.floor(min(row["NLL"] for row in binary)) - 3
    left.set_ylim(baseline)
    left.set_ylabel(f"nats; bars start at {baseline}")
    left.legend()
    for axes, name in zip(right, OF_THE_DECODER, strict=True):
        p = models[name].likelihood(measuring.noise(3, models[name].config.latent_dim))
        pictures = [p.mean(), *(p.sample(seed=seeds.root(i)) for i in range(5))]
        figures.show(
            axes,
            tf.reshape(tf.stack(pictures, 1), [-1, *models[name].spec.shape]).numpy(),
            len(pictures),
            f"decoder, {name}: mean, 5 draws of x",
        )
    return rows, figure
