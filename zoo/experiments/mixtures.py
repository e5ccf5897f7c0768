"""Is a VAE the distributed-representation version of a Gaussian mixture?

A mixture of K factor analysers says of an image which of K clusters it is in, and where in that
cluster's plane of 10 dimensions. A VAE with 10 latent dimensions bends one such plane through all
the clusters. Both get grey images, dequantised alike, and each pixel a variance of its own, no less
than that of half a grey level; in the VAE it is a function of the code. Bits per dimension of the
bytes, lower is better: exact for mixtures, by importance sampling for the VAE, on the first test
images.
"""

import math

from zoo import evaluation
from zoo.drawing import figures
from zoo.experiments import measuring, variants
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and the distribution is what pays. Every doubling of K buys a mixture less, and
past some dozens of components hardly anything: each has to learn from its own share of the images
what a stroke looks like. The VAE has one function for all of them, and with fewer parameters than
the largest mixtures it stays ahead of every one.
"""
VARIANTS = (*variants.MIXTURES, "ten codes")


def report(models, dataset):
    """Returns rows and figure."""
    rows = []
    for name, model in models.items():
        if name in variants.MIXTURES:
            split = dataset.test.take(measuring.IMAGES)
            nll = -float(evaluation.density.exact_log_likelihoods(model, split).mean())
            count, parameters = model.config.num_components, model.num_parameters()
        else:
            nll = measuring.with_likelihood(model, dataset)["nll"]
            count = None
            parameters = sum(math.prod(v.shape) for v in model.trainable_variables)
        rows.append(
            {
                "model": "gmm, low rank" if count else "VAE, Gaussian pixels",
                "K": count,
                "parameters": parameters,
                "NLL": nll,
                "bits per dimension": bounds.bits_per_dim(
                    nll, math.prod(model.spec.shape), discrete=False
                ),
            }
        )
    mixtures, (vae,) = rows[:-1], rows[-1:]
    figure, (left, right) = figures.figure(2)
    for axes, key, title in ((left, "K", "components K"), (right, "parameters", "parameters")):
        axes.plot([r[key] for r in mixtures], [r["bits per dimension"] for r in mixtures], "o-")
        axes.set_xscale("log", base=2)
        axes.set_xlabel(title)
        axes.set_ylabel("bits per dimension")
    left.axhline(vae["bits per dimension"], color="C1")
    right.plot(vae["parameters"], vae["bits per dimension"], "s", color="C1")
    left.legend(["mixture", "VAE"])
    return rows, figure
