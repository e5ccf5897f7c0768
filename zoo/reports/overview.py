"""The README's table: a few rows for each question that a generative model is asked."""

import json
import pathlib
import statistics

from zoo.drawing import markdown
from zoo.evaluation import references
from zoo.evaluation.headline_metrics import FRECHET
from zoo.exports import catalog
from zoo.reports import sweeps

# Which trained models and sweeps stand for the zoo in each question.
LIKELIHOODS = {
    "vae_mnist": references.NOROUZI,
    "hvae_mnist": references.TWO_LEVELS,
}
FEW_LABELS = {
    "m2_mnist": ("m2", "M2"),
    "m1_m2_vae_mnist": ("m1_m2", "M1+M2 with the paper's M1"),
    "m1_m2_vae_mog_mnist": ("m1_m2", "M1+M2, the prior of M1 a mixture"),
    "improved_gan_mnist": ("improved_gan", "Improved GAN"),
}
CLUSTERS = ("gmvae", "infogan")
SAMPLES = ("cgan_mnist",)
# Variants of docs/questions/collapse_grid.json.
MODES = ("R1 + R2",)


def build_table(saved_models: pathlib.Path, docs: pathlib.Path) -> str:
    """Returns one table of ten rows at most, obtained beside published figures.

    Args:
      saved_models: folder of exports; the newest version of each model counts.
      docs: the project's docs/, with sweeps/ and questions/. What is missing has no row.
    """
    groups = (
        (
            "**Likelihood**: nats per test image, binary pixels, lower is better",
            _likelihoods(saved_models),
        ),
        ("**Few labels**: test error % from 100 labels", _few_labels(docs)),
        ("**Clusters**: accuracy % without labels, ten clusters", _clusters(docs)),
        (
            "**Samples**: Fréchet classifier distance, lower is better",
            _samples(saved_models),
        ),
        ("**Modes** found, of 25 on a grid", _modes(docs)),
    )
    rows = []
    for question, found in groups:
        for i, row in enumerate(found):
            rows.append({"question": question if i == 0 else "", **row})
    return markdown.table(rows) if rows else "Nothing has been measured yet."


def _row(model, obtained, reference):
    return {
        "model": model,
        "obtained": obtained,
        "published": reference.figure,
        "protocol, or best possible": reference.protocol,
    }


def _likelihoods(saved_models):
    rows = []
    for export in catalog.read_measured(saved_models):
        figures = export.metrics["metrics"]
        if export.name in LIKELIHOODS and "nll" in figures:
            (published,) = (
                reference
                for reference in references.find_references(export.description["config"], "nll")
                if reference.protocol == LIKELIHOODS[export.name]
            )
            obtained = f"{figures['nll']:.2f} (standard error {figures['nll_standard_error']:.2f})"
            rows.append(_row(_link(export.name), obtained, published))
    return rows


def _few_labels(docs):
    rows = []
    for sweep, (entry, model) in FEW_LABELS.items():
        for row in references.compare_errors(entry, "mnist", sweeps.read_runs(docs, sweep)):
            # Sweeps over numbers of labels have other rows, too.
            if row["labels"] == 100:
                obtained = f"{row['obtained, test error %']} ({row['seeds']} seeds)"
                published = references.Reference(row["published"], row["published protocol"])
                rows.append(_row(f"[{model}](docs/sweeps/{sweep})", obtained, published))
    return rows


def _clusters(docs):
    rows = []
    for entry in CLUSTERS:
        if runs := sweeps.read_runs(docs, f"{entry}_mnist"):
            accuracy = references.mean_and_deviation(
                [100 * run["clustering_accuracy"] for run in runs]
            )
            published = references.CLUSTERING[entry]
            both = references.Reference(
                "; ".join(reference.figure for reference in published),
                "; ".join(reference.protocol for reference in published),
            )
            obtained = f"{accuracy} ({len(runs)} seeds)"
            rows.append(_row(f"[{entry}](docs/sweeps/{entry}_mnist)", obtained, both))
    return rows


def _samples(saved_models):
    return [
        _row(
            _link(export.name),
            f"{figures[FRECHET]:.1f}",
            references.Reference(
                "",
                f"best possible: {figures['frechet_floor']:.1f}, real training images as samples",
            ),
        )
        for export in catalog.read_measured(saved_models)
        if export.name in SAMPLES and FRECHET in (figures := export.metrics["metrics"])
    ]


def _modes(docs):
    path = docs / "questions" / "collapse_grid.json"
    if not path.exists():
        return []
    trials = json.loads(path.read_text())["trials"]

    def found(variant):
        modes = [trial["modes"] for trial in trials[variant]]
        return f"{statistics.mean(modes):.1f} ± {statistics.pstdev(modes):.1f}"

    return [
        _row(
            f"[GAN with {variant}](docs/questions/collapse.md)",
            f"{found(variant)} ({len(trials[variant])} trials; without: {found('gan')}; "
            f"packing 4: {found('packing 4')})",
            references.MODES,
        )
        for variant in MODES
    ]


def _link(name):
    return f"[{name}](saved_models/{name})"
