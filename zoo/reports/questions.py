"""The pages of docs/questions that are written by hand: their tables are filled in here.

A table stands between two comments, of which the first says where it comes from:

    <!-- tables: kl_terms -->                                those of the page kl_terms.md
    <!-- sweep: gmm_ring: num_components, nll, bic -->       means over seeds of a sweep
    <!-- models: dcgan_mnist, vae_iaf_mnist -->              what trained models reached
    <!-- end of table -->

A figure within a sentence of a page in Chinese comes from the JSON of the same page in English:

    <!-- figure: cell("gan, logit of D", "right %") -->49.9<!-- end -->
"""

import json
import pathlib
import re
import statistics

from zoo import markdown
from zoo.errors import UserError
from zoo.experiments import pages as experiment_pages
from zoo.reports import catalogue
from zoo.reports.chinese import PATTERNS, WORDS

_MARKED = re.compile(
    r"(<!-- (tables|sweep|models): (.*?) -->\n).*?(<!-- end of table -->)", re.DOTALL
)


_FIGURE = re.compile(r"(<!-- figure: (.*?) -->).*?(<!-- end -->)")


def pages(
    docs: pathlib.Path, saved_models: pathlib.Path, generated: dict[pathlib.Path, str]
) -> dict[pathlib.Path, str]:
    """Returns {path: text} of all pages with tables to fill in, in English and in Chinese.

    Args:
      docs: the project's docs/, with questions/ and sweeps/.
      saved_models: folder of exports.
      generated: {path: text} of the pages that tables are taken from.

    Raises:
      UserError: if what a table is to come from is not there.
    """
    found = {}
    for path in sorted((docs / "questions").rglob("*.md")):
        text = path.read_text()
        if _MARKED.search(text):
            words = WORDS if path.parent.name == "zh" else {}
            found[path] = _fill_figures(
                _fill(text, docs, saved_models, generated, words), docs, path.stem
            )
    return found


def _fill(text, docs, saved_models, generated, words):
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
    """Returns a Markdown table with the cells that are in a dictionary replaced."""
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
    runs = json.loads((docs / "sweeps" / name.strip() / "sweep.json").read_text())
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
