"""The metrics of a model, formatted for the end of a run."""

from zoo.drawing import markdown
from zoo.evaluation import label_metrics, likelihood_metrics, sample_metrics, token_metrics
from zoo.evaluation.headline_metrics import FRECHET
from zoo.evaluation.metrics import LABELS

GROUPS = (
    ("Likelihood", likelihood_metrics.METRICS),
    ("Labels and clusters", label_metrics.METRICS),
    ("Tokens", token_metrics.METRICS),
    ("Samples", sample_metrics.METRICS),
)
LOWER_IS_BETTER = frozenset(
    {
        "nll",
        "bits_per_dim",
        "error",
        "logistic_regression_error",
        "svm_error",
        FRECHET,
        "kernel_classifier_distance",
        "reconstruction_error",
        "reconstruction_frechet",
        "token_bits",
    }
)
HIGHER_IS_BETTER = frozenset(
    {
        "elbo",
        "clustering_accuracy",
        "nmi",
        "accuracy",
        "restyled_accuracy",
        "conditional_accuracy",
        "precision",
        "recall",
        "density",
        "coverage",
        "rarest_class",
        "codebook_use",
        "codebook_perplexity",
    }
)
# With fewer images a neighbourhood contains half of them, and its metrics mean little.
FEWEST_NEIGHBOURS = 1000
NEIGHBOURHOODS = frozenset({"precision", "recall", "density", "coverage"})


def describe_metrics(metrics: dict) -> str:
    """Returns a report as lines: groups of metrics with their unit and whether lower is better.

    Args:
      metrics: as `zoo.evaluation.evaluate.build_report` returns them.
    """
    figures, count = dict(metrics["metrics"]), metrics["images"]
    left_out = figures.keys() & NEIGHBOURHOODS if count < FEWEST_NEIGHBOURS else set()
    lines = [f"{metrics['entry']} on {count:,} test examples of {metrics['dataset']}"]
    for title, group in GROUPS:
        names = [name for metric in group for name in metric.figures]
        rows = [
            _line(name, figures.pop(name)) for name in names if name in figures.keys() - left_out
        ]
        lines += [f"  {title}", *rows] if rows else []
    own = [_line(name, value) for name, value in figures.items() if name not in LABELS]
    lines += ["  Loss terms", *own] if own else []
    if left_out:
        names = ", ".join(sorted(left_out))
        lines.append(f"  Not shown for fewer than {FEWEST_NEIGHBOURS:,} images: {names}.")
    return "\n".join(lines)


def _line(name, value):
    label = LABELS.get(name, name).format(unit="example")
    better = ", lower is better" if name in LOWER_IS_BETTER else ""
    better = ", higher is better" if name in HIGHER_IS_BETTER else better
    shown = f"{value:.4g}" if isinstance(value, float | int) else markdown.cell(value)
    return f"    {shown:>12}  {label}{better}"
