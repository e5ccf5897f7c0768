"""Is a VAE the distributed-representation version of a Gaussian mixture?

A mixture of K factor analysers describes an image by one of K clusters and a position in that
cluster's 10-dimensional subspace. A VAE with 10 latent dimensions has one curved surface for all
clusters. Both are trained on the same dequantised grey images, with a variance for each pixel of at
least half a grey level squared; in the VAE it is a function of the code. Bits per dimension of the
bytes, lower is better: exact for mixtures, by importance sampling for the VAE, on the first test
images.
"""

import math

from zoo.drawing import figures
from zoo.evaluation import density
from zoo.experiments import measuring, variants
from zoo.objectives import bounds

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and the distributed representation is better. Each doubling of K improves a mixture
less, and beyond some dozens of components hardly at all: each component has to learn from its own
share of the images what a stroke looks like. The VAE shares one function, and is better than every
mixture with fewer parameters than the largest ones.
"""
VARIANTS = (*variants.MIXTURES, "ten codes")


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    rows = []
    for name, model in models.items():
        if name in variants.MIXTURES:
            split = dataset.test.take(measuring.IMAGES)
            nll = -float(density.exact_log_likelihoods(model, split).mean())
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
    figure, (left, right) = figures.make_figure(2)
    for axes, key, title in ((left, "K", "components K"), (right, "parameters", "parameters")):
        axes.plot([r[key] for r in mixtures], [r["bits per dimension"] for r in mixtures], "o-")
        axes.set_xscale("log", base=2)
        axes.set_xlabel(title)
        axes.set_ylabel("bits per dimension")
    left.axhline(vae["bits per dimension"], color="C1")
    right.plot(vae["parameters"], vae["bits per dimension"], "s", color="C1")
    left.legend(["mixture", "VAE"])
    return rows, figure
