"""Do style and content change gradually?

Between two codes drawn from the prior lie images that no one asked for. Measured on 500 such ways
of 16 steps each, by the features of `classifier_mnist`: the length of a way over the distance of
its ends, 1 for a straight line, and its largest step over its mean step, 1 where the image changes
evenly, 16 where it changes all at once. Beside them stands how good samples are: what changes
gradually is not always a digit on the way. The picture has three ways of each model. The models are
those of saved_models/.
"""

import numpy as np

from zoo import evaluation
from zoo.drawing import figures
from zoo.evaluation import paths
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, in all of them, and most in VAEs whose prior is a mixture. No way jumps: its
largest step is {{ lowest("largest step") }} to {{ highest("largest step") }} times its mean step.
The ways of a GAN bend more, and change less evenly, most of all
those of `r3gan`, whose samples are sharp: it passes quickly through what is
no digit, where a VAE blurs. Smoothness and quality are two things: the samples of `vae_mog` are
about as close to the test images as those of `r3gan`, and those of the plain VAE far from both.
`infogan`, whose category and two numbers can be read off the image, has both: the closest samples
of all, and ways about as even as those of a VAE.
"""
ENTRIES = ("vae", "vae_mog", "gmvae", "gan", "dcgan", "wgan_gp", "r3gan", "infogan")
VARIANTS = tuple(f"exported {entry}" for entry in ENTRIES)
# Ways that are drawn, and the steps of each.
SHOWN, SHOWN_STEPS = 3, 8


def report(models, dataset):
    """Returns rows and figure."""
    judge, rows = evaluation.Judge(variants.load_export("classifier", dataset)), []
    figure, panels = figures.figure(2, 4.2, 1.8, rows=-(-len(models) // 2))
    for axes in panels:
        axes.set_axis_off()
    for axes, (name, model) in zip(panels, models.items(), strict=False):
        name = name.removeprefix("exported ")
        subject = evaluation.Subject(model, dataset, judge)
        made = evaluation.evaluate(subject, ["smoothness", "frechet_classifier_distance"])
        rows.append(
            {
                "model": name,
                "length of a way": made["path_length"],
                "largest step": made.get("largest_step"),
                "Frechet classifier distance": made["frechet_classifier_distance"],
            }
        )
        x = paths.walk(model, SHOWN, SHOWN_STEPS)
        figures.show(axes, np.concatenate(x), SHOWN_STEPS + 1, name)
    return rows, figure
