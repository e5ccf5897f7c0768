"""Runs of one entry over several values of its fields: a table, a figure, a winner."""

import itertools
import json
import pathlib
from collections.abc import Sequence

import matplotlib.figure
import numpy as np
import tensorflow as tf

from zoo import configs, data, files, models
from zoo.drawing import figures, markdown
from zoo.errors import Diverged, UserError
from zoo.evaluation import evaluate, references, selection
from zoo.evaluation.subject import Subject
from zoo.models.capabilities import Capability
from zoo.runs import first_stage
from zoo.training import loop

# Repetitions of a run rather than another one: what the others have in common is averaged over it.
SEED = "seed"
# The field by whose values test errors stand beside published ones.
LABELS = "labels"
# Why a run has no metrics.
FAILED = "failed"
# Metrics that runs are judged by, where they have them; lower is better.
ERROR = "error"
COMPARED = ("bic", "aic", ERROR, "loss")
# Titles of the panels of a plot, and the factor to their units.
TITLES = {
    "bic": ("BIC", 1),
    "aic": ("AIC", 1),
    ERROR: ("test error, %", 100),
    "loss": ("test loss", 1),
    "nll": ("test NLL, nats per row", 1),
}


def parse_fields(config, given: Sequence[str]) -> dict[str, list]:
    """Returns {field: values} of texts such as "num_components=1,2,4", in the types of the fields.

    Raises:
      UserError: for an unknown field, or values that are none of its type.
    """
    fields = {}
    for text in given:
        field, equals, values = text.partition("=")
        configs.check_field(config, field)
        if not equals:
            raise UserError(f"--over={text}: write it as FIELD=VALUE,VALUE.")
        if isinstance(config[field], str) and "=" in values:
            raise UserError(
                f"--over={text}: {field} is a list of fields, which a sweep cannot take apart. "
                "Train an M1 for each, and sweep over --over=m1=PATH,PATH."
            )
        values = configs.split_at_commas(values)
        fields[field] = [configs.parse(config, field, value) for value in values]
        if len(set(fields[field])) < len(values):
            raise UserError(f"--over={text} has a value twice: give each once.")
    for chosen in combinations(fields):
        models.check(configs.get(config.model, **{**config.to_dict(), **chosen}))
    return fields


def combinations(fields: dict[str, list]) -> list[dict]:
    """Returns {field: value} for each combination of values."""
    products = itertools.product(*fields.values())
    return [dict(zip(fields, values, strict=True)) for values in products]


def run_sweep(
    config,
    fields: dict[str, list],
    dataset: data.Dataset,
    workdir: pathlib.Path,
    strategy: tf.distribute.Strategy | None = None,
    importance_samples: int = 0,
) -> list[dict]:
    """Trains a run for each combination of values and measures it; what is done is not done again.

    Args:
      config: of the entry, with what all runs have in common.
      fields: {field: values}.
      dataset: to train and evaluate on.
      workdir: gets a run's folder each.
      strategy: to train under; the default strategy if None.
      importance_samples: codes per image for the log-likelihood of a VAE; 0 skips it.

    Returns:
      A row for each combination: its values, then its metrics on the test split; "bic" and "aic",
      of the training split, where the likelihood is exact. A run that diverged has "failed" and the
      reason instead; it is not tried again unless its folder is removed.

    Raises:
      UserError: if all runs diverged.
    """
    rows = []
    for chosen in combinations(fields):
        name = configs.folder_name(fields=chosen)
        print(f"{name}:")
        own = configs.get(config.model, **{**config.to_dict(), **chosen})
        rows.append(
            {**chosen, **_run_one(own, dataset, workdir / name, strategy, importance_samples)}
        )
    if all(FAILED in row for row in rows):
        raise UserError(f"All {len(rows)} runs failed, the first: {rows[0][FAILED]}")
    return rows


def _run_one(config, dataset, workdir, strategy, importance_samples):
    """The metrics of a run; {"failed": the reason} of one that diverges."""
    mark = workdir / "failed.json"
    if mark.exists():
        return json.loads(mark.read_text())
    try:
        first = first_stage.make(dataset, workdir, strategy)
        trained = loop.train(config, dataset, workdir, strategy, first_stage=first)
        subject = Subject(trained.model, dataset, importance_samples=importance_samples)
        metrics = evaluate.measure(subject)
    except Diverged as error:
        print(f"Failed: {error}")
        files.write_json(mark, {FAILED: str(error)})
        return {FAILED: str(error)}
    if Capability.COMPONENTS in trained.model.capabilities:
        metrics |= selection.criteria(trained.model, dataset.train)
    return metrics


def write_report(
    config,
    rows: list[dict],
    fields: dict[str, list],
    folder: pathlib.Path,
    importance_samples: int = 0,
) -> str:
    """Writes README.md, sweep.json and, over one numeric field, sweep.png; returns the table."""
    failed = [row for row in rows if FAILED in row]
    rows = [row for row in rows if FAILED not in row]
    made = means(rows, fields)
    compared = [metric for metric in COMPARED if metric in rows[0]]
    lines = [table(made, len(fields.get(SEED, [0]))), ""]
    named = [field for field in fields if field != SEED]
    if named:
        for metric in compared:
            if metric == ERROR:  # of the test split, which is not to choose by
                continue
            lines.append(f"Lowest {metric}: {winners(rows, fields, metric)}.\n")
    lines += [f"Failed: {_values(row, fields)}. {row[FAILED]}\n" for row in failed]
    text = "\n".join(lines).strip() + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    if LABELS in fields and ERROR in rows[0]:
        errors = references.compare_errors(config.model, config.dataset, rows, named)
        text = f"{markdown.table(errors)}\n\n{text}"
    figure = ""
    if len(named) == 1 and isinstance(rows[0][named[0]], int | float) and len(made) > 1:
        figure_ = plot(made, named[0], compared)
        figures.save_figure(folder / "sweep.png", figure_, tight=False)
        figure = "\n![Metrics over the field](sweep.png)\n"
    files.write_json(folder / "sweep.json", [*rows, *failed])
    over = " ".join(f"--over={field}={','.join(map(str, v))}" for field, v in fields.items())
    if importance_samples:
        over += f" --importance_samples={importance_samples}"
    better = " and ".join(compared)
    title = f"{config.model} on {config.dataset}, over {' and '.join(fields)}"
    files.write_text(
        folder / "README.md",
        f"# {title}\n\n    scripts/sweep.py {configs.command_flags(config)} {over}\n\n"
        f"Metrics of the test split{'; bic and aic of the training split' * ('bic' in rows[0])}. "
        f"{f'Lower is better of {better}. ' if better else ''}Over seeds, mean ± standard "
        f"deviation.\n\n"
        f"{text}{figure}",
    )
    return text


def _values(row, fields):
    return ", ".join(f"{field}={row[field]}" for field in fields)


def means(rows: list[dict], fields: dict[str, list]) -> list[dict]:
    """Returns a row for each combination of all but the seed, (mean, deviation) for each metric."""
    named = [field for field in fields if field != SEED]
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault(tuple(row[field] for field in named), []).append(row)
    made = []
    for values, group in groups.items():
        metrics = {
            name: (np.mean([row[name] for row in group]), np.std([row[name] for row in group]))
            for name in group[0]
            if name not in fields
        }
        made.append({**dict(zip(named, values, strict=True)), **metrics})
    return made


def table(made: list[dict], seeds: int) -> str:
    """Returns `means` as a Markdown table."""

    def cell(value):
        if not isinstance(value, tuple):
            return str(value)
        mean, deviation = value
        deviation *= deviation > 1e-6 * abs(mean)  # less is beyond the digits shown
        return f"{mean:.6g} ± {deviation:.2g}" if seeds > 1 else f"{mean:.6g}"

    return markdown.table([{name: cell(value) for name, value in row.items()} for row in made])


def winners(rows: list[dict], fields: dict[str, list], metric: str) -> str:
    """Returns the combination with the lowest value of a metric; if seeds differ, each seed's."""
    best: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row[metric]):
        chosen = ", ".join(f"{field}={row[field]}" for field in fields if field != SEED)
        best.setdefault(row.get(SEED, 0), chosen)
    if len(set(best.values())) == 1:
        (chosen,) = set(best.values())
        return chosen + f", with each of {len(best)} seeds" * (len(best) > 1)
    return "; ".join(f"{best[seed]} (seed {seed})" for seed in sorted(best))


def plot(made: list[dict], field: str, metrics: Sequence[str]) -> matplotlib.figure.Figure:
    """Returns a figure of metrics over one field, a panel each, the lowest value marked."""
    figure = matplotlib.figure.Figure(figsize=(4.5 * len(metrics), 3.6), layout="constrained")
    x = [row[field] for row in made]
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True
    ):
        # The loss of a model with an exact likelihood is its NLL.
        title, factor = TITLES["nll" if metric == "loss" and "nll" in made[0] else metric]
        y, deviation = factor * np.transpose([row[metric] for row in made])
        axes.errorbar(x, y, deviation, fmt="o-", capsize=3)
        axes.plot(x[int(np.argmin(y))], np.min(y), "o", ms=12, mfc="none", mec="C3", label="lowest")
        axes.legend(frameon=False)
        axes.set_xscale("log", base=2)
        axes.set_xticks(x, [str(value) for value in x], rotation=90)
        axes.set_xlabel(field)
        axes.set_title(title)
    return figure
