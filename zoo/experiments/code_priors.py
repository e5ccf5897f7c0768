"""Where does the generator's code come from?

It is drawn for each image from a distribution that is chosen before training and never learned. No
image of the data belongs to a code. The choices are the number of dimensions and the distribution:
`gan` is trained for ten epochs with each, and its samples are compared.
"""

from zoo.drawing import figures
from zoo.evaluation import draws, evaluate
from zoo.evaluation.judges import Judge
from zoo.evaluation.subject import Subject
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: from the prior, and which one matters little. Samples from normal and uniform codes of
64 dimensions are equally good by every metric. Two dimensions are too few: digits differ in more
than two respects, and G makes blurs, mostly ones and sevens. Eight are enough for MNIST. More only
need more time: with 512 dimensions samples are further from the test images after the same ten
epochs. With few dimensions the paths between two images are longer, since all images lie on one
surface.
"""
VARIANTS = tuple(variants.CODES)
METRICS = ("frechet_classifier_distance", "neighbourhoods", "smoothness")
SHOWN = 50


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    judge, rows = Judge(variants.load_export("classifier", dataset)), []
    figure, panels = figures.make_figure(3, 4.5, 2.6, rows=-(-len(models) // 3))
    for axes in panels:
        axes.set_axis_off()
    for axes, (name, model) in zip(panels, models.items(), strict=False):
        subject = Subject(model, dataset, judge)
        made = evaluate.measure(subject, METRICS)
        rows.append(
            {
                "codes": model.config.codes,
                "dimensions": model.config.latent_dim,
                "Fréchet classifier distance": made["frechet_classifier_distance"],
                "coverage": made["coverage"],
                "path length": made["path_length"],
                "largest step": made.get("largest_step"),
            }
        )
        figures.show_grid(axes, draws.draw(model, SHOWN), 10, name)
    return rows, figure
