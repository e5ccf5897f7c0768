"""Questions about VAEs and mixtures, each answered by variants that are trained side by side.

An experiment is a module with a docstring that asks, the names of its VARIANTS (`variants.py`), and
`report`, which measures the trained models and returns the rows of a table and a figure.
"""

import importlib
import json
import pathlib
import pkgutil

import tensorflow as tf

from zoo import configs, data, files, markdown
from zoo.errors import UserError, near_miss
from zoo.experiments import variants
from zoo.training import loop

NO_EXPERIMENTS = ("variants", "plots")


def names() -> list[str]:
    """Returns the names of all experiments."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in NO_EXPERIMENTS)


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
      runs: holds one workdir a variant; those that experiments share are trained once.
      docs: folder of the page.
      num_epochs: of each variant.
      strategy: to train under; the default strategy if None.

    Returns:
      The table as Markdown.
    """
    if name not in names():
        raise UserError(
            f"Unknown experiment {name!r}.{near_miss(name, names())} Known: {', '.join(names())}; "
            "the name comes before all flags."
        )
    experiment = importlib.import_module(f"{__name__}.{name}")
    models = {}
    for variant in experiment.VARIANTS:
        print(f"Variant {variant!r}:")
        fields = {"entry": "vae", **variants.VARIANTS[variant]}
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
    files.write_json(docs / f"{name}.json", {"rows": rows, "epochs": num_epochs})
    with files.atomic(docs / f"{name}.md") as temporary:
        temporary.write_text(page(name, experiment.__doc__, dataset.name, docs))
    return markdown.table(rows)


def page(name: str, question: str, dataset: str, docs: pathlib.Path) -> str:
    """Returns the page of an experiment, from its question and its results."""
    results = json.loads((docs / f"{name}.json").read_text())
    title, _, rest = question.strip().partition("\n")
    return f"""# {title}
{rest}

    scripts/experiment.py {name} --dataset={dataset} --num_epochs={results["epochs"]}

{markdown.table(results["rows"])}

![{title}]({name}.png)
"""
