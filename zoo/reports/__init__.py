"""All that is written from the metrics of trained models: tables, cards, the catalogue."""

import json
import pathlib

from zoo import files
from zoo.benchmarks import faults, formats, mode_pages, speed_page
from zoo.experiments import pages as experiment_pages
from zoo.reports import catalogue, exports, metrics, questions, results
from zoo.serving import card, export


def pages(saved_models: pathlib.Path, root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Returns {path: its text} of every file that is written from metrics.

    Args:
      saved_models: folder of exports; the newest version of each model counts.
      root: of the project, with README.md and docs/.

    Raises:
      UserError: if an export is damaged or not measured, or the README has no place for results.
    """
    docs, readme = root / "docs", root / "README.md"
    generated = {**experiment_pages.committed(docs), **_benchmarks(docs)}
    cards = {
        saved_models / exported.name / "README.md": card.write(
            exported.name, exported.description, exported.metrics
        )
        for exported in exports.read_all(saved_models)
    }
    return {
        readme: catalogue.readme(readme.read_text(), saved_models, docs),
        docs / "results.md": results.page(saved_models, docs),
        docs / "metrics.md": metrics.page(),
        saved_models / "README.md": catalogue.page(saved_models),
        saved_models / "models.config": export.models_config(saved_models),
        **cards,
        **questions.pages(docs, saved_models, generated),
        **generated,
    }


def _benchmarks(docs):
    """Pages of the benchmarks whose results are in docs/."""
    questions = docs / "questions"
    found = {}
    if any(questions.glob(f"{mode_pages.PAGE}_*.json")):
        found[questions / f"{mode_pages.PAGE}.md"] = mode_pages.page(questions)
    if (results := questions / f"{faults.PAGE}.json").exists():
        found[results.with_suffix(".md")] = faults.page(json.loads(results.read_text()))
    if (results := docs / f"{formats.PAGE}.json").exists():
        found[results.with_suffix(".md")] = formats.page(json.loads(results.read_text()))
    if (docs / speed_page.FOLDER).exists():
        found[docs / speed_page.PAGE] = speed_page.page(docs)
    return found


def find_stale(written: dict[pathlib.Path, str]) -> list[pathlib.Path]:
    """Returns the files of `pages` that are missing or have another text."""
    return [p for p, text in written.items() if not p.exists() or p.read_text() != text]


def write(written: dict[pathlib.Path, str]) -> list[pathlib.Path]:
    """Writes the files of `pages` that changed; returns their paths."""
    stale = find_stale(written)
    for path in stale:
        with files.atomic(path) as temporary:
            temporary.write_text(written[path])
    return stale
