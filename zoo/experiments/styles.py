"""Take an image's style and ask for another digit: is it in the same handwriting?

A conditional VAE (arXiv 1406.5298) describes an image by a label y and a style z. Each of 1,000
test images is redrawn with every label in the same style. The table has the share that
`classifier_mnist` assigns to that label, and the correlations of slant and stroke width with the
source's (as deviations from the mean of each label). `cvae` learned from all labels, the others
from 100 labels and all images without labels, as in the paper's semi-supervised task, whose test
errors are in the table. The models are those of saved_models/. [Results](../results.md) has other
numbers of labels and several draws of them.
"""

from zoo.drawing import figures, images
from zoo.evaluation import evaluate, references
from zoo.evaluation.judges import Judge
from zoo.evaluation.styles import one_per_class
from zoo.evaluation.subject import Subject
from zoo.experiments import variants

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: yes, and 100 labels are enough. The label determines the digit, the code its slant and
stroke width. The encoder knows the label, and the KL penalises redundant information, so that the
code has no reason to repeat it; this holds for codes of few dimensions, as here. Two layers of
codes draw sharper images than one: style is preserved through z1.
"""
VARIANTS = ("exported cvae", "exported m2", "exported m1_m2", "exported m1_m2_conv")


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    judge = Judge(variants.load_export("classifier", dataset))
    one_each, rows = one_per_class(dataset), []
    figure, panels = figures.make_figure(2, 5.0, 5.2, rows=-(-len(models) // 2))
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        name = name.removeprefix("exported ")
        rows.append({"model": name, **_measure(model, dataset, judge)})
        restyled = images.restyle_rows(
            model.compiled_method("restyle"), one_each["x"], one_each["y"], model.spec
        )
        headings = ("image", *model.spec.label_names)
        figures.show_grid(axes, restyled, len(headings), name, headings)
    return rows, figure


def _measure(model, dataset, judge):
    subject = Subject(model, dataset, judge)
    made = evaluate.measure(subject, ["restyled"])
    labels = model.config.get("labels", dataset.train.size)
    published = references.FEW_LABELS.get(model.config.model, {}).get(labels)
    return {
        "labels": labels,
        "test error %": 100 * subject.terms["error"] if "error" in subject.terms else None,
        "paper's %": published.figure if published else None,
        "requested label %": 100 * made["restyled_accuracy"],
        "slant kept": made["slant_kept"],
        "stroke width kept": made["thickness_kept"],
    }
