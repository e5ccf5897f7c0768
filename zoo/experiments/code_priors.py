"""Where does the generator's code come from?

From nowhere: it is drawn anew for each image from a distribution that is chosen before training,
and that nothing learns. No image of the data belongs to a code. What is left to choose is how many
numbers a code has, and from which distribution they come: `gan` trained for ten epochs with each,
and its samples measured.
"""

from zoo import evaluation
from zoo.drawing import figures
from zoo.evaluation import draws
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: from the prior, and it matters little which. Normal and uniform codes of 64 numbers
give samples that no figure tells apart. Two numbers are too few: digits that differ in more than
two ways have to share places, and G makes blurs, most of them ones and sevens. Eight are enough
for MNIST. More do no harm but time: with 512 numbers, after the same ten epochs, samples are
further from the test images. With few numbers the way between two images is longer, as all images
lie in one plane.
"""
VARIANTS = tuple(variants.CODES)
METRICS = ("frechet_classifier_distance", "neighbourhoods", "smoothness")
SHOWN = 50


def report(models, dataset):
    """Returns rows and figure."""
    judge, rows = evaluation.Judge(variants.load_export("classifier", dataset)), []
    figure, panels = figures.figure(len(models), 2.6, 2.9)
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        subject = evaluation.Subject(model, dataset, judge)
        made = evaluation.evaluate(subject, METRICS)
        rows.append(
            {
                "codes": model.config.codes,
                "numbers": model.config.latent_dim,
                "Frechet classifier distance": made["frechet_classifier_distance"],
                "coverage": made["coverage"],
                "length of a way": made["path_length"],
                "largest step": made.get("largest_step"),
            }
        )
        figures.show(axes, draws.draw(model, SHOWN), 10, name)
    return rows, figure
