"""A model's card, written from its config and its metrics alone."""

import pathlib

from zoo import configs, evaluation, markdown
from zoo.inputs import Input


def write(name: str, location: pathlib.Path, description: dict, metrics: dict) -> str:
    """Returns the card of an exported model as Markdown.

    Args:
      name: of the model's folder.
      location: of that folder, as a reader of the card would load it.
      description: the export's config.json.
      metrics: the export's metrics.json.
    """
    config, shape = description["config"], description["shape"]
    images = len(shape) == 3
    signatures = "\n".join(
        f"- `{signature}({', '.join(names)})`"
        for signature, names in description["signatures"].items()
    )
    inputs = {n: Input.from_fields(n, fields) for n, fields in description["inputs"].items()}
    table = markdown.table([_row(given) for given in inputs.values()])
    about = configs.describe(config["model"]).partition("\nCommand:")[0]
    given = configs.get(config["model"], **config)  # with tuples where JSON has lists
    first, names_of_first = next(iter(description["signatures"].items()))
    arguments = ", ".join(f"{name}={_example(inputs[name])}" for name in names_of_first)
    picture = "![Samples](samples.png)\n\n" if "sample" in description["signatures"] else ""
    training = metrics["training"]
    names = description.get("class_names", [])
    plain = names == [str(i) for i in range(len(names))]
    classes = "" if plain else f"Labels: {', '.join(f'{i} {n}' for i, n in enumerate(names))}.\n\n"
    return f"""# {name}

{picture}{about}

    scripts/train.py {configs.command_flags(given)}

{_training(config, training)}
{_figures(metrics, images)}{classes}Every input and output is a batch. Signatures:

{signatures}

{table}

```python
{"import numpy as np" + chr(10) if "np." in arguments else ""}import zoo

model = zoo.load("{location}")
model.{first}({arguments})
```
"""


def _training(config, training):
    if "seconds" not in training:
        return f"Trained for {training['steps']:,} steps by Keras' `fit`; not measured.\n"
    return f"""\
Trained on `{config["dataset"]}` for {training["steps"]:,} steps, in
{_duration(training["seconds"])} on {training["hardware"]}; the weights are those after step
{training["best_step"]:,}, which {training["selection"]}.
"""


def _figures(metrics, images):
    """The table of what was measured, and how."""
    figures = metrics.get("metrics")
    if figures is None:
        return ""
    unit = "image" if images else "row"
    # A figure that no metric knows, a model's own loss term, comes last under its own name.
    names = [name for name in evaluation.LABELS if name in figures]
    names += [name for name in figures if name not in evaluation.LABELS]
    rows = "\n".join(
        f"| {evaluation.LABELS.get(name, f'Loss term `{name}`').format(unit=unit)} "
        f"| {markdown.cell(figures[name])} |"
        for name in names
    )
    return f"""\
| {metrics["images"]:,} test {"images" if images else "rows"} | |
|---|---|
{rows}

{" ".join(metrics["protocol"])}

"""


def _duration(seconds):
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _row(given):
    """A line of the table of inputs."""
    shape = ", ".join(["B", *map(str, given.shape)])
    limits = "" if given.high is None else f"{given.low:g} to {given.high:g}"
    kind = f"{given.dtype} [{shape}]"
    return {"input": f"`{given.name}`", "what": given.about, "type": kind, "limits": limits}


def _example(given):
    if given.shape:
        return f"np.zeros([1, {', '.join(map(str, given.shape))}])"
    return str(given.example(2)[1:].round(1).tolist())
