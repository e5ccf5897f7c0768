"""What do the two terms of the KL do?

KL(q(z|x) || N(0, I)) = 1/2 sum [exp(2s) - (1 + 2s)] + m^2. The first bracket, the variance terms,
is minimal at s = 0 and so keeps the noise from vanishing; m^2 is an L2 penalty on the code. Each
variant is trained without one of these terms and then evaluated with the full KL.
"""

import numpy as np

from zoo.drawing import figures
from zoo.evaluation import codes
from zoo.experiments import measuring

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: without the variance terms the scale falls to nothing and the VAE becomes an
autoencoder. Without m^2 the scales stay at 1 and the codes move apart instead, until the noise no
longer matters. In both cases the distortion falls, but so does the ELBO, because the codes no
longer look like the prior. m^2 keeps the code small but does not make it sparse by itself. That
takes both terms: a dimension is unused if its noise is as wide as the prior and its m is 0.
"""
VARIANTS = ("diagonal", "without variance terms", "without squared mean")


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    rows = []
    figure, (left, right) = figures.make_figure(2)
    for name, model in models.items():
        loc, scale = measuring.codes(model, dataset)
        terms = measuring.terms(model, dataset.test)
        rows.append(
            {
                "trained": "with the full KL" if name == "diagonal" else name,
                "median scale": float(np.median(scale)),
                "norm of the code m": float(np.linalg.norm(loc, axis=1).mean()),
                "active units": codes.active_units(model, dataset.test),
                "distortion": terms["distortion"],
                "rate": terms["rate"],
                "ELBO": terms["elbo"],
            }
        )
        label = rows[-1]["trained"]
        left.plot(np.sort(scale.mean(0)), "o-", label=label)
        right.plot(np.sort(np.abs(loc).mean(0))[::-1], "o-", label=label)
    for axes, title in ((left, "mean scale of q(z|x)"), (right, "mean |m|")):
        axes.set_yscale("log")
        axes.set_title(title)
        axes.set_xlabel("latent dimension, sorted")
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.legend()
    return rows, figure
