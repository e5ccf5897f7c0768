"""All files that are generated from metrics: tables, cards, the catalogue, the questions."""

import json
import pathlib

from zoo import files
from zoo.benchmarks import formats, speed_page
from zoo.experiments import collapse_page, planted_faults
from zoo.experiments import pages as experiment_pages
from zoo.exports import catalog
from zoo.reports import catalogue, metrics_page, questions, results
from zoo.serving import card
from zoo.serving.export import models_config


def build_pages(saved_models: pathlib.Path, root: pathlib.Path) -> dict[pathlib.Path, str]:
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
        saved_models / export.name / "README.md": card.write_card(
            export.name, export.description, export.metrics
        )
        for export in catalog.read_measured(saved_models)
    }
    return {
        readme: catalogue.readme(readme.read_text(), saved_models, docs),
        docs / "results.md": results.build_page(saved_models, docs),
        docs / "metrics.md": metrics_page.build_page(),
        saved_models / "README.md": catalogue.build_page(saved_models),
        saved_models / "models.config": models_config(saved_models),
        **cards,
        **questions.fill_pages(docs, saved_models, generated),
        **generated,
    }


def _benchmarks(docs):
    """Pages of the benchmarks whose results are in docs/."""
    questions = docs / "questions"
    found = {}
    if any(questions.glob(f"{collapse_page.PAGE}_*.json")):
        found[questions / f"{collapse_page.PAGE}.md"] = collapse_page.build_page(questions)
    if (results := questions / f"{planted_faults.PAGE}.json").exists():
        found[results.with_suffix(".md")] = planted_faults.build_page(
            json.loads(results.read_text())
        )
    if (results := docs / f"{formats.PAGE}.json").exists():
        found[results.with_suffix(".md")] = formats.build_page(json.loads(results.read_text()))
    if (docs / speed_page.FOLDER).exists():
        found[docs / speed_page.PAGE] = speed_page.build_page(docs)
    return found


def find_stale(written: dict[pathlib.Path, str]) -> list[pathlib.Path]:
    """Returns the files of `build_pages` that are missing or have another text."""
    return [p for p, text in written.items() if not p.exists() or p.read_text() != text]


def write_pages(written: dict[pathlib.Path, str]) -> list[pathlib.Path]:
    """Writes the files of `build_pages` that changed; returns their paths."""
    stale = find_stale(written)
    for path in stale:
        files.write_text(path, written[path])
    return stale
