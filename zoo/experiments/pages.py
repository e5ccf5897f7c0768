"""Runs an experiment and writes its page: question, answer if it is known, table and figure."""

import importlib
import pathlib

import tensorflow as tf

from zoo import configs, data, experiments, files, markdown
from zoo.experiments import variants
from zoo.training import loop

# The run that the answers in the modules were written for.
PUBLISHED = {"dataset": "mnist", "epochs": 50}


def run(
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
    experiments.check_name(name)
    experiment = importlib.import_module(f"{experiments.__name__}.{name}")
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
    rows, figure = experiment.report(models, dataset)
    docs.mkdir(parents=True, exist_ok=True)
    with files.atomic(docs / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=100, bbox_inches="tight")
    results = {"rows": rows, "dataset": dataset.name, "epochs": num_epochs}
    files.write_json(docs / f"{name}.json", results)
    with files.atomic(docs / f"{name}.md") as temporary:
        temporary.write_text(page(name, results))
    return markdown.table(rows)


def page(name: str, results: dict) -> str:
    """Returns the page of an experiment; another run than the published one has no answer."""
    experiment = importlib.import_module(f"{experiments.__name__}.{name}")
    title, _, rest = experiment.__doc__.strip().partition("\n")
    published = all(results[key] == value for key, value in PUBLISHED.items())
    answer = f"\n{experiment.ANSWER}" if published else ""
    flags = f"--dataset={results['dataset']} --num_epochs={results['epochs']}"
    return f"""# {title}
{rest}
{answer}
    scripts/experiment.py {name} {flags}

{markdown.table(results["rows"])}

![{title}]({name}.png)
"""
