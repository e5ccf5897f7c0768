"""Fills in the tables of pages in docs/questions that are written by hand.

A table is between two comments, the first of which names its source:

    <!-- tables: kl_terms -->                                the tables of the page kl_terms.md
    <!-- sweep: gmm_ring: num_components, nll, bic -->       means over seeds of a sweep
    <!-- models: dcgan_mnist, vae_iaf_mnist -->              results of trained models
    <!-- end of table -->

A number within a sentence of a Chinese page comes from the JSON of the same page in English:

    <!-- figure: cell("gan, logit of D", "right %") -->49.9<!-- end -->
"""

import json
import pathlib
import re
import statistics

from zoo.drawing import markdown
from zoo.errors import UserError
from zoo.experiments import pages as experiment_pages
from zoo.reports import catalogue, sweeps

# A page in Chinese has the words of its tables beside it, {English: Chinese}; these are the cells
# that contain numbers, as patterns.
WORDS = "words.json"
PATTERNS = ((r"^(\d+) of (\d+)$", r"\1/\2"), (r"^([\d.]+) to ([\d.]+)$", r"\1 – \2"))
_MARKED = re.compile(
    r"(<!-- (tables|sweep|models): (.*?) -->\n).*?(<!-- end of table -->)", re.DOTALL
)


_FIGURE = re.compile(r"(<!-- figure: (.*?) -->).*?(<!-- end -->)")


def fill_pages(
    docs: pathlib.Path, saved_models: pathlib.Path, generated: dict[pathlib.Path, str]
) -> dict[pathlib.Path, str]:
    """Returns {path: text} of all pages with tables to fill in, in English and in Chinese.

    Args:
      docs: the project's docs/, with questions/ and sweeps/.
      saved_models: folder of exports.
      generated: {path: text} of the pages that tables are taken from.

    Raises:
      UserError: if the source of a table is missing.
    """
    filled = {}
    for path in sorted((docs / "questions").rglob("*.md")):
        text = path.read_text()
        if _MARKED.search(text):
            words = path.with_name(WORDS)
            words = json.loads(words.read_text()) if words.exists() else {}
            text = _fill_tables(text, docs, saved_models, generated, words)
            filled[path] = _fill_figures(text, docs, path.stem)
    return filled


def _fill_tables(text, docs, saved_models, generated, words):
    def table(match):
        begin, kind, source, end = match.groups()
        made = _MAKERS[kind](source, docs, saved_models, generated)
        return f"{begin}\n{translate(made, words)}\n\n{end}"

    return _MARKED.sub(table, text)


def _fill_figures(text, docs, name):
    def figure(match):
        begin, expression, end = match.groups()
        rows = json.loads((docs / "questions" / f"{name}.json").read_text())["rows"]
        return f"{begin}{experiment_pages.fill(f'{{{{ {expression} }}}}', rows)}{end}"

    return _FIGURE.sub(figure, text)


def translate(table: str, words: dict[str, str]) -> str:
    """Returns a Markdown table with its cells translated by a dictionary."""
    lines: list[str] = []
    for line in table.splitlines():
        if not line:
            lines.append(line)
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        lines.append("| " + " | ".join(_translate_cell(cell, words) for cell in cells) + " |")
    return "\n".join(lines) if words else table


def _translate_cell(cell, words):
    for pattern, replacement in PATTERNS:
        cell = re.sub(pattern, replacement, cell)
    return words.get(cell, cell)


def _from_page(source, docs, saved_models, generated):
    del saved_models
    path = docs / "questions" / f"{source.strip()}.md"
    if path not in generated:
        raise UserError(f"There is no page {path} to take a table from.")
    tables = re.findall(r"(?:^\|.*\n)+", generated[path], re.MULTILINE)
    return "\n".join(tables).strip()


def _from_sweep(source, docs, saved_models, generated):
    del saved_models, generated
    name, _, columns = source.partition(":")
    field, *figures = (column.strip() for column in columns.split(","))
    runs = sweeps.read_runs(docs, name.strip())
    if not runs:
        raise UserError(f"There is no sweep {docs / 'sweeps' / name.strip()} to take a table from.")
    rows = []
    for value in dict.fromkeys(run[field] for run in runs):
        alike = [run for run in runs if run[field] == value]
        means = {f: float(statistics.mean(run[f] for run in alike)) for f in figures}
        rows.append({field: value, **{f: f"{mean:.6g}" for f, mean in means.items()}})
    return markdown.table(rows)


def _from_models(source, docs, saved_models, generated):
    del docs, generated
    names = [name.strip() for name in source.split(",")]
    return catalogue.results(saved_models, names, links="../../saved_models")


_MAKERS = {"tables": _from_page, "sweep": _from_sweep, "models": _from_models}
