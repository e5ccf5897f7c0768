"""The exports that reports are written from."""

import pathlib
from typing import NamedTuple

from zoo import listings, versions
from zoo.errors import UserError


class Exported(NamedTuple):
    """The newest version of a model.

    Attributes:
      name: of the model.
      description: its config.json.
      metrics: its metrics.json.
    """

    name: str
    description: dict
    metrics: dict


def read_all(saved_models: pathlib.Path) -> list[Exported]:
    """Returns the newest version of each model in a folder, by name.

    Raises:
      UserError: if one is damaged, or was not measured.
    """
    found = []
    for base in sorted(saved_models.iterdir()):
        if numbers := versions.versions(base):
            version = base / str(numbers[-1])
            exported = Exported(base.name, *listings.read(version))
            if not exported.metrics.get("metrics"):
                raise UserError(
                    f"{version} has no metrics, which its card and the tables need: run "
                    f"scripts/evaluate.py --saved_model={version} --update."
                )
            found.append(exported)
    return found


def version(saved_models: pathlib.Path, name: str) -> pathlib.Path:
    """Returns the folder of a model's newest version."""
    return saved_models / name / str(versions.versions(saved_models / name)[-1])
