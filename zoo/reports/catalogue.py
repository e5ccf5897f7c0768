"""Tables of all trained models: the README's, and saved_models/README.md."""

import pathlib
from collections.abc import Sequence

from zoo import configs, headlines, listings, markdown, references
from zoo.errors import UserError
from zoo.reports import exports

# What stands between these in the README is written here.
BEGIN, END = "<!-- results: written by scripts/report.py -->", "<!-- end of results -->"


def results(
    saved_models: pathlib.Path, names: Sequence[str] = (), links: str = "saved_models"
) -> str:
    """Returns what models reached, beside what was published, as a Markdown table.

    A model has a row for the figure that it is known by, and one for each other figure that
    something published stands beside.

    Args:
      saved_models: folder of exports.
      names: of the models; all if empty.
      links: what leads from the table's page to that folder.
    """
    rows = []
    for name, description, metrics in exports.read_all(saved_models):
        if names and name not in names:
            continue
        config, figures = description["config"], metrics["metrics"]
        for i, headline in enumerate(headlines.find(metrics)):
            published = references.find(config, headline.figure)
            if i and not published:
                continue
            published = published or _floor(headline.figure, figures)
            first = {
                "entry": f"[{config['model']}]({links}/{name})",
                "dataset": pathlib.PurePath(config["dataset"]).name,
                "metric": headline.label,
                "obtained": headline.show(figures[headline.figure]),
            }
            last = {
                "training": _training(metrics["training"]),
                "MB": f"{listings.size(exports.version(saved_models, name)) / 1e6:.1f}",
            }
            for reference in published or (references.Reference("", ""),):
                shown = {"reference": reference.figure, "its protocol": reference.protocol}
                rows.append({**first, **shown, **last})
                first, last = dict.fromkeys(first), dict.fromkeys(last)
    return markdown.table(rows)


def readme(text: str, saved_models: pathlib.Path) -> str:
    """Returns the README's text with its table of results as it is now.

    Raises:
      UserError: if there is no place for it.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"The README has no lines {BEGIN!r} and {END!r} to write between.")
    return f"{head}{begin}\n\n{results(saved_models)}\n\n{end}{tail}"


def page(saved_models: pathlib.Path) -> str:
    """Returns the page that lists all models in a folder."""
    rows = [
        {
            "samples": _thumbnail(saved_models, exported.name),
            "model": f"[{exported.name}]({exported.name})",
            "what it is": configs.describe(exported.description["config"]["model"]).splitlines()[0],
            "reached": headlines.describe(exported.metrics),
            "signatures": ", ".join(f"`{name}`" for name in exported.description["signatures"]),
        }
        for exported in exports.read_all(saved_models)
    ]
    return f"""# Trained models

```python
import zoo

zoo.models()  # this table
model = zoo.load("cvae_mnist")  # the newest version, its files checked
```

A SavedModel is a program. `zoo.load` compares the SHA-256 of each file with the manifest that the
export wrote, and refuses what differs; that shows that files are whole and of one export, not who
made it. Load models only from places that you trust.

Weights of all but the mixtures are stored in half precision, and computed with in float32: answers
differ by about a thousandth from those of the weights that were measured.

{markdown.table(rows)}

`models.config` is for TF Serving, with this folder mounted at /models. Written by
`scripts/report.py`.
"""


def _floor(figure, figures):
    """What training images have in the place of samples, for a distance between images."""
    if figure != headlines.FRECHET or "frechet_floor" not in figures:
        return ()
    protocol = "training images in the place of samples, the floor"
    return (references.Reference(f"{figures['frechet_floor']:.1f}", protocol),)


def _training(training):
    seconds = training["seconds"]
    duration = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    return f"{duration} on {training['hardware']}"


def _thumbnail(saved_models, name):
    if not (saved_models / name / "samples.png").exists():
        return ""
    return f'<img src="{name}/samples.png" width="140" alt="samples of {name}">'
