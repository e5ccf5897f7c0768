"""What there is: entries to train and trained models, as tables to look at and lists to use."""

import contextlib
import html
import json
import os
import pathlib
import re
from collections.abc import Sequence

import tabulate

from zoo import configs, headlines
from zoo.errors import UserError
from zoo.serving import places


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


def entries() -> Listing:
    """Returns the names of what can be trained."""
    names, rows = configs.entries(), []
    for name in names:
        text = configs.describe(name)
        papers = re.findall(r"arXiv\s+(\d{4}\.\d{4,5})", text.partition("Command:")[0])
        rows.append({"entry": name, "what it is": text.splitlines()[0], "arXiv": ", ".join(papers)})
    return Listing(names, rows)


def models(place: str | os.PathLike | None = None) -> Listing:
    """Returns the names of the trained models in a place, by default where `zoo.load` looks.

    Folders that are not exports of the zoo are left out, and named below the table.

    Args:
      place: a folder, or an address that fsspec reads.

    Raises:
      UserError: if there is no such folder, or the address cannot be read.
    """
    where, rows, notes = places.Place(place), [], []
    for name, numbers in where.models().items():
        try:
            rows.append(_row(where, name, numbers[-1]))
        except places.Unreachable:
            raise
        except UserError as error:
            notes.append(f"Left out: {error}")
    return Listing([row["model"] for row in rows], rows, notes)


def read(version: pathlib.Path) -> tuple[dict, dict]:
    """Returns config.json and metrics.json of an exported version.

    Raises:
      UserError: if it was not exported by the zoo, or is damaged.
    """
    with _as_exported(version):
        return _parse(lambda path: (version / path).read_text())


@contextlib.contextmanager
def _as_exported(where):
    """Says that a version is not the zoo's where its files are not what an export writes."""
    try:
        yield
    except (OSError, places.Missing, LookupError, ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{where} was not exported by the zoo, or is damaged ({error}): export it again."
        ) from error


def _parse(read_file):
    description, metrics = (
        json.loads(read_file(f"assets.extra/{name}.json")) for name in ("config", "metrics")
    )
    if not isinstance(description["config"], dict) or not isinstance(metrics["training"], dict):
        raise ValueError("not what an export writes")
    return description, metrics


def size(version: pathlib.Path) -> int:
    """Returns the bytes of all files of a version."""
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file())


def _row(place, name, number):
    with _as_exported(f"{place}/{name}/{number}"):
        description, metrics = _parse(lambda path: place.read(name, number, path))
        config = description["config"]
        row = {
            "model": name,
            "entry": config["model"],
            "dataset": config["dataset"],
            "version": number,
            "reached": headlines.describe(metrics),
        }
        if place.folder is not None:
            row["MB"] = f"{size(place.folder / name / str(number)) / 1e6:.1f}"
        row["images"] = "yes" if len(description["shape"]) == 3 else ""
        return {**row, "signatures": ", ".join(description["signatures"])}
