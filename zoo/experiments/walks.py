"""Do style and content change gradually?

Images between two codes drawn from the prior, for 500 interpolations of 16 steps each, in the
features of `classifier_mnist`. The path length is relative to the distance between the ends: 1 for
a straight line. The largest step is relative to the mean step: 1 if the image changes evenly, 16 if
it changes all at once. The Fréchet classifier distance shows how good samples are, since an image
that changes gradually need not stay a digit. The picture has three interpolations for each model.
The models are those of saved_models/.
"""

import numpy as np

from zoo.drawing import figures
from zoo.evaluation import evaluate, paths
from zoo.evaluation.judges import Judge
from zoo.evaluation.subject import Subject
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, in all models, and most in VAEs whose prior is a mixture. No interpolation jumps:
the largest step is {{ lowest("largest step") }} to {{ highest("largest step") }} times the mean
step. The paths of a GAN are longer and less even, most of all those of `r3gan`, whose samples are
sharp: it passes quickly through images that are not digits, where a VAE blurs. Smoothness and
quality are different things: the samples of `vae_mog` are about as close to the test images as
those of `r3gan`, and those of the plain VAE much further away. `infogan`, whose category and two
numbers can be read off the image, has both: the closest samples of all, and paths about as even as
those of a VAE.
"""
ENTRIES = ("vae", "vae_mog", "gmvae", "gan", "dcgan", "wgan_gp", "r3gan", "infogan")
VARIANTS = tuple(f"exported {entry}" for entry in ENTRIES)
# Interpolations that are drawn, and the steps of each.
SHOWN, SHOWN_STEPS = 3, 8


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    judge, rows = Judge(variants.load_export("classifier", dataset)), []
    figure, panels = figures.make_figure(2, 4.2, 1.8, rows=-(-len(models) // 2))
    for axes in panels:
        axes.set_axis_off()
    for axes, (name, model) in zip(panels, models.items(), strict=False):
        name = name.removeprefix("exported ")
        subject = Subject(model, dataset, judge)
        made = evaluate.measure(subject, ["smoothness", "frechet_classifier_distance"])
        rows.append(
            {
                "model": name,
                "path length": made["path_length"],
                "largest step": made.get("largest_step"),
                "Fréchet classifier distance": made["frechet_classifier_distance"],
            }
        )
        x = paths.walk(model, SHOWN, SHOWN_STEPS)
        figures.show_grid(axes, np.concatenate(x), SHOWN_STEPS + 1, name)
    return rows, figure
