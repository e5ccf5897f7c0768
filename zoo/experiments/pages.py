"""Runs an experiment and writes its page: question, answer if it is known, table and figure."""

import importlib
import json
import pathlib
import textwrap

import jinja2
import tensorflow as tf

from zoo import configs, data, files
from zoo.drawing import figures, markdown
from zoo.experiments import ablations, registry, variants
from zoo.training import loop

WIDTH = 100
# The run that the answers in the modules were written for.
PUBLISHED = {"dataset": "mnist", "epochs": 50}


def run_experiment(
    name: str,
    dataset: data.Dataset,
    runs: pathlib.Path,
    docs: pathlib.Path,
    num_epochs: int,
    strategy: tf.distribute.Strategy | None = None,
) -> str:
    """Trains what is not trained yet, measures, and leaves DOCS/NAME.md, .json and .png.

    Args:
      name: of the experiment.
      dataset: to train and measure on.
      runs: holds one workdir per variant; those that experiments share are trained once.
      docs: folder of the page.
      num_epochs: of each variant.
      strategy: to train under; the default strategy if None.

    Returns:
      The table as Markdown.
    """
    registry.check_name(name)
    ablations.register()
    experiment = importlib.import_module(f"zoo.experiments.{name}")
    models = {}
    for variant in experiment.VARIANTS:
        fields: dict = {"entry": "vae", **variants.VARIANTS[variant]}
        if "exported" in fields:
            models[variant] = variants.load_export(fields["exported"], dataset).to_keras()
            continue
        print(f"Variant {variant!r}:")
        entry = fields.pop("entry")
        if entry == "vae":
            fields = {**variants.COMMON, "num_epochs": num_epochs, **fields}
        config = configs.get(entry, dataset=dataset.name, **fields)
        models[variant] = loop.train(
            config, dataset, runs / variant.replace(" ", "_"), strategy
        ).model
    rows, figure = experiment.compare_variants(models, dataset)
    docs.mkdir(parents=True, exist_ok=True)
    figures.save_figure(docs / f"{name}.png", figure)
    results = {"rows": rows, "dataset": dataset.name, "epochs": num_epochs}
    files.write_json(docs / f"{name}.json", results)
    files.write_text(docs / f"{name}.md", build_page(name, results))
    return markdown.table(rows)


def build_page(name: str, results: dict) -> str:
    """Returns the page of an experiment; another run than the published one has no answer."""
    experiment = importlib.import_module(f"zoo.experiments.{name}")
    title, _, rest = experiment.__doc__.strip().partition("\n")
    published = all(results[key] == value for key, value in PUBLISHED.items())
    answer = ""
    if published:
        filled = fill(experiment.ANSWER, results["rows"])
        answer = f"\n{textwrap.fill(filled, WIDTH)}\n"
    flags = f"--dataset={results['dataset']}"
    if takes_epochs(name):
        flags += f" --num_epochs={results['epochs']}"
    return f"""# {title}
{rest}
{answer}
    scripts/experiment.py {name} {flags}

{markdown.table(results["rows"])}

![{title}]({name}.png)
"""


def takes_epochs(name: str) -> bool:
    """Returns whether an experiment trains variants that have no number of epochs of their own."""
    experiment = importlib.import_module(f"zoo.experiments.{name}")
    chosen = [variants.VARIANTS[variant] for variant in experiment.VARIANTS]
    return any("exported" not in v and v.get("entry", "vae") == "vae" for v in chosen)


def committed(docs: pathlib.Path) -> dict[pathlib.Path, str]:
    """Returns {path: text} of the pages in docs/questions, from the figures beside them."""
    found = {}
    for name in registry.names():
        path = docs / "questions" / f"{name}.json"
        if path.exists():
            found[path.with_suffix(".md")] = build_page(name, json.loads(path.read_text()))
    return found


def fill(text: str, rows: list[dict]) -> str:
    """Returns a text with its figures, which it takes from a table: `{{ cell("row", "column") }}`.

    `lowest("column")` and `highest("column")` are the extremes of a column.
    """
    by_label = {next(iter(row.values())): row for row in rows}

    def cell(label, column):
        return markdown.cell(by_label[label][column])

    def lowest(column):
        return markdown.cell(min(row[column] for row in rows))

    def highest(column):
        return markdown.cell(max(row[column] for row in rows))

    template = jinja2.Template(text, undefined=jinja2.StrictUndefined)
    return template.render(cell=cell, lowest=lowest, highest=highest)
