"""The models that can be trained and those that are trained, as lists that print as tables."""

import html
import os
import pathlib
import re
from collections.abc import Sequence

import tabulate

from zoo import configs
from zoo.errors import UserError
from zoo.evaluation import headline_metrics
from zoo.exports import folder, repository, versions
from zoo.exports.folder import ExportFolder


class Listing(tuple):
    """Names, shown as a table: in a terminal as text, in a notebook as HTML.

    Attributes:
      rows: a dict for each name, with equal keys.
      notes: lines below the table.
    """

    rows: list[dict]
    notes: list[str]

    def __new__(cls, names, rows: list[dict], notes: Sequence[str] = ()):
        """Makes a listing of names, with a row for each."""
        made = super().__new__(cls, names)
        made.rows, made.notes = rows, list(notes)
        return made

    def __repr__(self):
        table = tabulate.tabulate(self.rows, headers="keys", disable_numparse=True)
        return "\n".join([table, *self.notes])

    def _repr_html_(self):
        table = tabulate.tabulate(self.rows, "keys", tablefmt="html", disable_numparse=True)
        return table + "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)


def list_entries() -> Listing:
    """Returns the names of what can be trained."""
    names, rows = configs.entries(), []
    for name in names:
        text = configs.describe(name)
        papers = re.findall(r"arXiv\s+(\d{4}\.\d{4,5})", text.partition("Command:")[0])
        rows.append({"entry": name, "what it is": text.splitlines()[0], "arXiv": ", ".join(papers)})
    return Listing(names, rows)


def list_models(place: str | os.PathLike | None = None) -> Listing:
    """Returns the names of the trained models in a place, by default where `zoo.load` looks.

    Folders that are not exports of the zoo are left out, and named below the table.

    Args:
      place: a folder, or an address that fsspec reads.

    Raises:
      UserError: if there is no such folder, or the address cannot be read.
    """
    where, rows, notes = repository.Place(place), [], []
    for name, numbers in where.models().items():
        try:
            rows.append(_row(where, name, numbers[-1]))
        except repository.Unreachable:
            raise
        except UserError as error:
            notes.append(f"Left out: {error}")
    return Listing([row["model"] for row in rows], rows, notes)


def read_measured(saved_models: pathlib.Path) -> list[ExportFolder]:
    """Returns the newest version of each model in a folder, by name.

    Raises:
      UserError: if one is damaged, or was not measured.
    """
    newest = []
    for base in sorted(saved_models.iterdir()):
        if numbers := versions.list_versions(base):
            export = ExportFolder(base / str(numbers[-1]))
            if not export.metrics.get("metrics"):
                raise UserError(
                    f"{export.path} has no metrics, which its card and the tables need: run "
                    f"scripts/evaluate.py --saved_model={export.path} --update."
                )
            newest.append(export)
    return newest


def _row(place, name, number):
    where = f"{place}/{name}/{number}"
    with folder.as_export(where):
        contents = folder.read_contents(lambda path: place.read(name, number, path), where)
        description, config = contents.description, contents.description["config"]
        row = {
            "model": name,
            "entry": config["model"],
            "dataset": config["dataset"],
            "version": number,
            "reached": headline_metrics.describe_headline(contents.metrics),
        }
        if place.folder is not None:
            export = ExportFolder(place.folder / name / str(number))
            row["MB"] = f"{export.count_bytes() / 1e6:.1f}"
        row["images"] = "yes" if len(description["shape"]) == 3 else ""
        return {**row, "signatures": ", ".join(description["signatures"])}
