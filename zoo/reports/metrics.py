"""docs/metrics.md: every metric, what it is and what it needs."""

from zoo import evaluation, markdown


def page() -> str:
    """Returns every metric as a Markdown page: its name, what it is, what it needs."""
    rows = [
        {
            "`--only=`": f"`{metric.name}`",
            "figures": ", ".join(f"`{figure}`" for figure in metric.figures),
            "what it is": metric.about,
            "needs": ", ".join(sorted(trait.value for trait in metric.needs)),
        }
        for metric in evaluation.METRICS
    ]
    return f"""# Metrics

What `scripts/evaluate.py` measures, of any model and data that have what a metric needs; all in
nats per example unless it says otherwise. A model's own loss terms come with them.

{markdown.table(rows)}

Written by `scripts/report.py` from `zoo/evaluation/metrics.py`.
"""
