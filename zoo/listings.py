"""What there is: entries to train and trained models, as tables to look at and lists to use."""

import json
import os
import pathlib
import re

import tabulate

from zoo import configs, headlines, versions
from zoo.errors import UserError


class Listing(tuple):
    """Names, shown as a table: in a terminal as text, in a notebook as HTML.

    Attributes:
      rows: a dict for each name, with equal keys.
    """

    rows: list[dict]

    def __new__(cls, names, rows: list[dict]):
        """Makes a listing of names, with a row for each."""
        made = super().__new__(cls, names)
        made.rows = rows
        return made

    def __repr__(self):
        return tabulate.tabulate(self.rows, headers="keys", disable_numparse=True)

    def _repr_html_(self):
        return tabulate.tabulate(self.rows, headers="keys", tablefmt="html", disable_numparse=True)


def entries() -> Listing:
    """Returns the names of what can be trained."""
    names, rows = configs.entries(), []
    for name in names:
        text = configs.describe(name)
        papers = re.findall(r"arXiv\s+(\d{4}\.\d{4,5})", text.partition("Command:")[0])
        rows.append({"entry": name, "what it is": text.splitlines()[0], "arXiv": ", ".join(papers)})
    return Listing(names, rows)


def models(folder: str | os.PathLike | None = None) -> Listing:
    """Returns the names of the trained models in a folder; see `versions.models_folder` for None.

    Raises:
      UserError: if there is no such folder, or an export in it is damaged.
    """
    folder = versions.models_folder(folder)
    found = [(base, versions.versions(base)) for base in sorted(folder.iterdir())]
    rows = [_row(base, numbers[-1]) for base, numbers in found if numbers]
    return Listing([row["model"] for row in rows], rows)


def read(version: pathlib.Path) -> tuple[dict, dict]:
    """Returns config.json and metrics.json of an exported version.

    Raises:
      UserError: if it was not exported by the zoo, or is damaged.
    """
    extra = version / "assets.extra"
    try:
        description, metrics = (
            json.loads((extra / name).read_text()) for name in ("config.json", "metrics.json")
        )
        if not isinstance(description["config"], dict) or not isinstance(metrics["training"], dict):
            raise ValueError("not what an export writes")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{version} was not exported by the zoo, or is damaged ({error}): export it again."
        ) from error
    return description, metrics


def size(version: pathlib.Path) -> int:
    """Returns the bytes of all files of a version."""
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file())


def _row(base, number):
    description, metrics = read(base / str(number))
    config = description["config"]
    return {
        "model": base.name,
        "entry": config["model"],
        "dataset": config["dataset"],
        "version": number,
        "reached": headlines.describe(metrics),
        "MB": f"{size(base / str(number)) / 1e6:.1f}",
        "images": "yes" if len(description["shape"]) == 3 else "",
        "signatures": ", ".join(description["signatures"]),
    }
