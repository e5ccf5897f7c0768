"""Every metric of the zoo, in the order in which tables show them.

A metric states what it needs, and is measured if the model and its data have it. Scripts, cards,
the results page and BUILD.md all read METRICS: a new metric is a function and an entry in one of
the *_metrics.py files.
"""

from zoo.evaluation import label_metrics, likelihood_metrics, sample_metrics, token_metrics

METRICS = (
    *likelihood_metrics.METRICS,
    *label_metrics.METRICS,
    *token_metrics.METRICS,
    *sample_metrics.METRICS,
)
# Labels of all figures, in order.
LABELS = {name: label for metric in METRICS for name, label in metric.figures.items()}
