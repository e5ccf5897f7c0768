"""The tables of results: what the zoo's models reached, beside what was published."""

import json
import pathlib
import statistics
from typing import NamedTuple

from zoo import evaluation, files, markdown
from zoo.errors import UserError
from zoo.serving import export, versions


class Reference(NamedTuple):
    """A published figure and how it was obtained."""

    figure: str
    protocol: str


# By which models are ordered by their samples.
FRECHET = "frechet_classifier_distance"
# Codes per image in all figures that are compared.
K = 5000
BURDA = (
    "Burda et al. 2016 (arXiv 1509.00519): tanh 200-200, z 50, batch 20, 3,280 epochs, K = 5,000"
)
NOROUZI = (
    "Norouzi et al. 2020 (arXiv 2004.04795): gated 300-300, z 40, KL warm-up 100 epochs, early "
    "stopping, K = 5,000"
)
# By entry, for MNIST binarised dynamically: test NLL in nats per image.
REFERENCES = {
    "vae": (Reference("86.76", BURDA), Reference("84.45 ± .12", NOROUZI)),
    "iwae": (
        Reference("85.54 (k = 5)", BURDA),
        Reference("84.78 (k = 50)", BURDA),
    ),
    "vae_vamp": (Reference("82.43 ± .06", NOROUZI),),
}

# Share of MNIST images whose cluster is their digit, ten clusters, by Hungarian matching.
CLUSTERING = (
    Reference(
        "94.46", "Jiang et al. 2017 (arXiv 1611.05148): from the authors' pretrained weights"
    ),
    Reference("71.6 ± 4.4", "the same model, rerun by others from 20 seeds"),
)
# The sweep over seeds that stands beside these.
CLUSTERING_SWEEP = pathlib.Path("sweeps", "gmvae_mnist", "sweep.json")


def clusters(docs: pathlib.Path) -> str:
    """Returns how well `gmvae` clusters MNIST as a Markdown section; "" if it was not measured."""
    if not (docs / CLUSTERING_SWEEP).exists():
        return ""
    runs = json.loads((docs / CLUSTERING_SWEEP).read_text())
    accuracy, nmi = (
        [100 * run[metric] for run in runs] for metric in ("clustering_accuracy", "nmi")
    )
    ours = {
        "model": f"[gmvae]({CLUSTERING_SWEEP.parent})",
        "accuracy %": _mean_and_spread(accuracy),
        "lowest and highest": f"{min(accuracy):.2f}, {max(accuracy):.2f}",
        "NMI %": _mean_and_spread(nmi),
        "seeds": len(runs),
    }
    lines = [
        {**(ours if i == 0 else dict.fromkeys(ours)), "reference": figure, "its protocol": protocol}
        for i, (figure, protocol) in enumerate(CLUSTERING)
    ]
    return f"""
## Clusters of MNIST

Ten clusters, found without labels. In the end the labels of the test images name the clusters, one
digit a cluster (Hungarian matching). Mean and standard deviation over seeds, on all test images.

{markdown.table(lines)}
"""


def _mean_and_spread(values):
    return f"{statistics.mean(values):.2f} ± {statistics.pstdev(values):.2f}"


def exports(saved_models: pathlib.Path) -> list[tuple[str, dict, dict]]:
    """Returns (name, config.json, metrics.json) of the newest version of each export."""
    found = []
    for base in sorted(saved_models.iterdir()):
        numbers = versions.versions(base)
        if numbers:
            extra = base / str(numbers[-1]) / export.EXTRA
            files_ = (extra / "config.json", extra / "metrics.json")
            found.append((base.name, *(json.loads(path.read_text()) for path in files_)))
    return found


def sample_metrics(saved_models: pathlib.Path) -> str:
    """Returns what the samples of all exports on MNIST are worth as a Markdown section."""
    columns = {
        figure: label
        for metric in evaluation.METRICS
        if metric.needs >= evaluation.SAMPLED_IMAGES
        for figure, label in metric.figures.items()
        if figure != "class_shares"
    }
    # Named after the distance itself, which training images have in the first row.
    distances = [c for c in columns if c.endswith("_classifier_distance")]
    measured = [
        (name, metrics)
        for name, _, metrics in exports(saved_models)
        if metrics["dataset"] == "mnist" and FRECHET in metrics["metrics"]
    ]
    if not measured:
        return ""
    measured.sort(key=lambda row: row[1]["metrics"][FRECHET])
    first = measured[0][1]["metrics"]
    rows = [
        {
            "model": "training images",
            **dict.fromkeys(columns),
            **{d: first[d.replace("_classifier_distance", "_floor")] for d in distances},
            "minutes": "",
        },
        *(
            {
                "model": f"[{name}](../saved_models/{name})",
                **{c: metrics["metrics"].get(c) for c in columns},
                "minutes": f"{metrics['training']['seconds'] / 60:.0f}",
            }
            for name, metrics in measured
        ),
    ]
    lines = [
        {columns.get(c, c): value for c, value in row.items() if not c.endswith("_floor")}
        for row in rows
    ]
    protocol = " ".join(
        sentence
        for sentence in measured[0][1]["protocol"]
        if "judge" in sentence or "k =" in sentence
    )
    return f"""
## Samples of MNIST

What 10,000 samples of each model are worth, by the features of `classifier_mnist`; the lower the
distances, the better, and the higher precision, recall, density and coverage. Samples of a VAE are
means of p(x given z), those of a conditional model have the labels of the test images. {protocol}

{markdown.table(lines)}
"""


def densities(saved_models: pathlib.Path) -> str:
    """Returns the log-likelihoods of all exports on MNIST as a Markdown page.

    Args:
      saved_models: folder of exports; the newest version of each model counts.
    """
    rows = []
    for name, description, measured in exports(saved_models):
        given_labels = "y" in description["signatures"].get("sample", [])
        comparable = measured.get("importance_samples") == K and measured["dataset"] == "mnist"
        if comparable and not given_labels:
            rows.append((name, description["config"], measured))
    if not rows:
        raise UserError(
            f"No export in {saved_models} has a log-likelihood on MNIST with {K:,} codes per "
            "image: measure one with scripts/evaluate.py."
        )
    rows.sort(key=lambda row: (row[1]["pixels"], row[2]["metrics"]["nll"]))
    lines = []
    for name, config, measured in rows:
        metrics, training = measured["metrics"], measured["training"]
        obtained = f"{metrics['nll']:.2f} ± {metrics['nll_standard_error']:.2f}"
        if "bits_per_dim" in metrics:
            obtained += f" ({metrics['bits_per_dim']:.3f} bits per dimension)"
        references = REFERENCES.get(config["model"], ()) or (Reference("", ""),)
        ours = {
            "model": f"[{name}](../saved_models/{name})",
            "obtained": obtained,
            "ELBO": f"{metrics['elbo']:.2f}",
            "active units": metrics["active_units"],
            "minutes": f"{training['seconds'] / 60:.0f}",
        }
        for i, (figure, protocol) in enumerate(references):
            shown = ours if i == 0 else dict.fromkeys(ours)
            lines.append({**shown, "reference": figure, "its protocol": protocol})
    table = markdown.table(lines)
    return f"""# Log-likelihoods on MNIST

Negative log-likelihood in nats per test image, lower is better, with the standard error of the mean
over the {rows[0][2]["images"]:,} test images; by importance sampling with {K:,} codes per image,
weights chosen on a validation split held out from the training images. Binary pixels are drawn from
their grey levels, anew at each visit in training and once, from a fixed seed, for validation and
test. Of `vae_gaussian` it is the density of dequantised grey images: a bound on the bits of bytes.

{table}
"""


def metrics_page() -> str:
    """Returns every metric as a Markdown page: its name, what it is, what it needs."""
    rows = [
        {
            "`--only=`": f"`{metric.name}`",
            "figures": ", ".join(f"`{figure}`" for figure in metric.figures),
            "what it is": metric.about,
            "needs": ", ".join(sorted(trait.value for trait in metric.needs)),
        }
        for metric in evaluation.METRICS
    ]
    return f"""# Metrics

What `scripts/evaluate.py` measures, of any model and data that have what a metric needs; all in
nats per example unless it says otherwise. A model's own loss terms come with them.

{markdown.table(rows)}

Written by `scripts/report.py` from `zoo/evaluation/metrics.py`.
"""


def write(saved_models: pathlib.Path, docs: pathlib.Path) -> pathlib.Path:
    """Writes DOCS/results.md and DOCS/metrics.md; returns the path of the first."""
    docs.mkdir(parents=True, exist_ok=True)
    with files.atomic(docs / "metrics.md") as temporary:
        temporary.write_text(metrics_page())
    with files.atomic(docs / "results.md") as temporary:
        temporary.write_text(
            f"{densities(saved_models)}{sample_metrics(saved_models)}{clusters(docs)}\n"
            "Written by `scripts/report.py` from the metrics.json of each export and the sweeps.\n"
        )
    return docs / "results.md"
