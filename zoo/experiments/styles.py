"""Take an image's style and name another digit: is it drawn in the same hand?

A conditional VAE (arXiv 1406.5298) says that an image is a label y and a style z. Each of 1,000
test images is drawn with every label, its style kept: how many show what was asked for, by
`classifier_mnist`, and how slant and stroke width go with those of the source (correlation, as
deviations from the mean of each label). `cvae` learned from all labels, the others from 100 and
from all images without theirs, as in the paper's semi-supervised task; beside their test errors
stand the paper's. The models are those of saved_models/. [Results](../results.md) have more numbers
of labels, and several draws of them.
"""

from zoo import evaluation, references
from zoo.drawing import figures, images
from zoo.evaluation.styles import one_per_class
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and 100 labels do. The label says what is drawn and the code how: slant and stroke
width of the source come with it. The code is told the label and pays for what it says, so it has no
reason to repeat it; that holds for codes of few dimensions, as these are. Two layers of codes draw
sharper images than one: what the first kept of the hand is kept as the noise of z1.
"""
VARIANTS = ("exported cvae", "exported m2", "exported m1_m2", "exported m1_m2_conv")


def report(models, dataset):
    """Returns rows and figure."""
    judge = evaluation.Judge(variants.load_export("classifier", dataset))
    one_each, rows = one_per_class(dataset), []
    figure, panels = figures.figure(len(models), 5.0, 5.4)
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        name = name.removeprefix("exported ")
        rows.append({"model": name, **_measure(model, dataset, judge)})
        restyled = images.restyle_rows(
            model.in_graph("restyle"), one_each["x"], one_each["y"], model.spec
        )
        figures.show(axes, restyled, model.spec.num_classes + 1, name)
    return rows, figure


def _measure(model, dataset, judge):
    subject = evaluation.Subject(model, dataset, judge)
    made = evaluation.evaluate(subject, ["restyled"])
    labels = model.config.get("labels", dataset.train.size)
    published = references.FEW_LABELS.get(model.config.model, {}).get(labels)
    return {
        "labels": labels,
        "test error %": 100 * subject.terms["error"] if "error" in subject.terms else None,
        "paper's %": published.figure if published else None,
        "shows what was asked for %": 100 * made["restyled_accuracy"],
        "slant kept": made["slant_kept"],
        "stroke width kept": made["thickness_kept"],
    }
