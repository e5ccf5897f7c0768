"""Every metric of the zoo, in the order in which tables show them.

A metric says what it needs; what a model or its data do not have, is not measured. Scripts, cards,
the results page and BUILD.md all walk METRICS: a new metric is a function and an entry in the file
of its kind.
"""

from zoo.evaluation import label_metrics, likelihood_metrics, sample_metrics

METRICS = (*likelihood_metrics.METRICS, *label_metrics.METRICS, *sample_metrics.METRICS)
# Labels of all figures, in order.
LABELS = {name: label for metric in METRICS for name, label in metric.figures.items()}
