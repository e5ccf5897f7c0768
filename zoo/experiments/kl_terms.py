"""What do the two terms of the KL do?

KL(q(z|x) || N(0, I)) = 1/2 sum [exp(2s) - (1 + 2s)] + m^2. The first bracket, the variance terms,
is least at s = 0, so it keeps the noise from vanishing; m^2 is an L2 penalty on the code. Each
variant is trained without one of them and then measured with the whole KL.
"""

import numpy as np

from zoo.drawing import figures
from zoo.evaluation import codes
from zoo.experiments import measuring

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: without the variance terms the scale falls to nothing and the VAE becomes an
autoencoder. Without m^2 the scales stay at 1 and the codes move apart instead, far enough to drown
the noise. Either way the distortion falls and the ELBO with it, because the codes no longer look
like the prior. m^2 keeps the code small but does not by itself make it sparse: that takes both
terms, since a dimension is left unused where its noise is as wide as the prior and its m is 0.
"""
VARIANTS = ("diagonal", "without variance terms", "without squared mean")


def report(models, dataset):
    """Returns rows and figure."""
    rows = []
    figure, (left, right) = figures.figure(2)
    for name, model in models.items():
        loc, scale = measuring.codes(model, dataset)
        terms = measuring.terms(model, dataset.test)
        rows.append(
            {
                "trained": "with the whole KL" if name == "diagonal" else name,
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
