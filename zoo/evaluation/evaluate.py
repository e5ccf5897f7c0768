"""Evaluates a model: `build_report` returns the contents of its metrics.json."""

from collections.abc import Sequence

import tqdm

from zoo.errors import UserError, near_miss
from zoo.evaluation import draws
from zoo.evaluation.metrics import LABELS, METRICS
from zoo.evaluation.protocol import SEED
from zoo.evaluation.subject import Condition, Metric, Subject
from zoo.models.capabilities import Capability
from zoo.training import strategy


def measure(subject: Subject, only: Sequence[str] = ()) -> dict:
    """Returns the metrics of a model by name, in the order of METRICS.

    Args:
      subject: the model and what it is measured with; its `figures` are filled.
      only: names of metrics; all that apply if empty. The model's own loss terms come with all.

    Raises:
      UserError: if a name is not a metric's, or the model or data lack what a metric needs.
    """
    chosen = [_metric(name) for name in only] or METRICS
    bar = tqdm.tqdm(chosen, "evaluation", unit="metric", leave=False)
    for metric in bar:
        bar.set_postfix_str(metric.name)
        if metric.applies_to(subject):
            subject.figures |= metric.measure(subject)
            if metric.name in subject.left_out:
                for name in metric.figures:  # of an earlier report
                    subject.figures.pop(name, None)
        elif only:
            lacking = sorted(need.value for need in metric.needs - subject.available)
            raise UserError(
                f"Metric {metric.name!r} cannot be measured: "
                + (
                    f"{subject.model.config.model!r} on {subject.dataset.name!r} lacks "
                    f"{', '.join(lacking)}."
                    if lacking
                    else "it takes minutes, and --importance_samples=0 skips what does."
                )
            )
    if not only:
        # Terms that no metric knows are shown under their own names.
        subject.figures = {**subject.terms, **subject.figures}
    return subject.figures


def build_report(
    subject: Subject,
    training: dict | None = None,
    only: Sequence[str] = (),
    before: dict | None = None,
) -> dict:
    """Returns the contents of metrics.json: all metrics of a model and how they were measured.

    Args:
      subject: the model and what it is measured with.
      training: steps, best_step, selection, seconds and hardware of the run.
      only: names of metrics to measure; all that apply if empty.
      before: an earlier report of the same weights, whose other figures are kept.
    """
    before = before or {}
    model, dataset = subject.model, subject.dataset
    subject.figures = dict(before.get("metrics", {}))
    sampled_now = subject.importance_samples and (not only or "importance_sampled_nll" in only)
    measure(subject, only)
    if not sampled_now:
        # The protocol describes all metrics, so also the number of codes of those that were kept.
        subject.importance_samples = before.get("importance_samples", 0)
    protocol = ["All figures are on the test split, which was not used for any choice."]
    if model.config.pixels != "scaled" and model.of_images:
        protocol.append(f"Images are {model.config.pixels} once, from seed {SEED}.")
    applying = [metric for metric in METRICS if metric.needs <= subject.available]
    protocol += [
        sentence
        for metric in applying
        if metric.figures.keys() <= subject.figures.keys()
        if (sentence := metric.protocol(subject))
    ]
    protocol += subject.left_out.values()
    covered = {name for metric in applying for name in metric.figures}
    if (before.get("metrics", {}).keys() & LABELS.keys()) - covered:
        # Metrics that cannot be measured now, without the classifier that they were measured with.
        protocol += [s for s in before["protocol"] if s not in protocol]
    sampled = Capability.POSTERIOR in model.capabilities and "nll" in subject.figures
    codes = {"importance_samples": subject.importance_samples} if sampled else {}
    sampling = {"sampling": before["sampling"]} if "sampling" in before else {}
    if subject.available >= {Capability.SAMPLES, Condition.IMAGES} and not only:
        sampling = {"sampling": {**draws.time_samples(model), "hardware": strategy.hardware()}}
    return {
        "entry": model.config.model,
        "dataset": model.config.dataset,
        "split": "test",
        "images": dataset.test.size,
        "metrics": subject.figures,
        **codes,
        **sampling,
        "protocol": protocol,
        "training": training or {},
    }


def _metric(name: str) -> Metric:
    for metric in METRICS:
        if metric.name == name:
            return metric
    names = [metric.name for metric in METRICS]
    raise UserError(f"Unknown metric {name!r}.{near_miss(name, names)} Known: {', '.join(names)}.")
