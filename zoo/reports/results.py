"""docs/results.md: results next to published ones."""

import pathlib
import statistics

from zoo.drawing import markdown
from zoo.errors import UserError
from zoo.evaluation import references
from zoo.evaluation.headline_metrics import FRECHET
from zoo.evaluation.metrics import METRICS
from zoo.evaluation.subject import SAMPLED_IMAGES
from zoo.exports import catalog
from zoo.reports import catalogue, sweeps

# The sweeps over seeds that stand beside published clusters, by entry.
CLUSTERING_SWEEPS = {
    entry: pathlib.Path("sweeps", f"{entry}_mnist") for entry in ("gmvae", "infogan")
}
# Those over seeds that stand below log-likelihoods, by entry.
DENSITY_SWEEPS = {
    entry: pathlib.Path("sweeps", f"{entry}_mnist")
    for entry in ("vae", "vae_mog", "vae_vamp", "hvae")
}
# The sweeps over numbers of labels: what they trained, and the entry.
FEW_LABELS_SWEEPS = {
    "m2_mnist": ("M2", "m2"),
    "m1_m2_vae_mnist": ("M1+M2, M1 = vae_mnist (the paper's kind)", "m1_m2"),
    "m1_m2_vae_mog_mnist": ("M1+M2, M1 = vae_mog_mnist", "m1_m2"),
    "m1_m2_vae_mog_more_labels_mnist": ("M1+M2, M1 = vae_mog_mnist", "m1_m2"),
    "m1_m2_conv_vae_mnist": (
        "M1+M2, classifier of images, M1 = vae_mnist (the paper's kind)",
        "m1_m2_conv",
    ),
    "improved_gan_mnist": ("Improved GAN", "improved_gan"),
    "m1_m2_conv_mnist": ("M1+M2, classifier of images, M1 = vae_mog_mnist", "m1_m2_conv"),
}


def clusters(docs: pathlib.Path) -> str:
    """Returns how well models cluster MNIST as a Markdown section; "" if none was measured."""
    lines = []
    for entry, sweep in CLUSTERING_SWEEPS.items():
        runs = sweeps.read_runs(docs, sweep.name)
        if not runs:
            continue
        accuracy, nmi = (
            [100 * run[metric] for run in runs] for metric in ("clustering_accuracy", "nmi")
        )
        ours = {
            "model": f"[{entry}]({sweep})",
            "accuracy %": references.mean_and_deviation(accuracy),
            "median": f"{statistics.median(accuracy):.2f}",
            "lowest and highest": f"{min(accuracy):.2f}, {max(accuracy):.2f}",
            "NMI %": references.mean_and_deviation(nmi),
            "seeds": len(runs),
        }
        lines += [
            {
                **(ours if i == 0 else dict.fromkeys(ours)),
                "published": figure,
                "published protocol": protocol,
            }
            for i, (figure, protocol) in enumerate(references.CLUSTERING[entry])
        ]
    if not lines:
        return ""
    return f"""
## Clusters of MNIST

Ten clusters, or categories, found without labels. Afterwards the labels of the test images assign
one digit to each cluster (Hungarian matching). Mean ± standard deviation over seeds, on all test
images.

{markdown.table(lines)}
"""


def few_labels(docs: pathlib.Path) -> str:
    """Returns the test errors of semi-supervised models as a Markdown section; "" if none."""
    rows = []
    for folder, (model, entry) in FEW_LABELS_SWEEPS.items():
        if runs := sweeps.read_runs(docs, folder):
            rows += [
                {"model": f"[{model}](sweeps/{folder})", **row}
                for row in references.compare_errors(entry, "mnist", runs)
            ]
    if not rows:
        return ""
    return f"""
## Few labels on MNIST

Test error in percent on all 10,000 test images, after learning from that many labels and from all
training images without labels. Each seed draws its own labels, balanced across digits; mean ±
standard deviation over seeds. [few_labels.md](few_labels.md) describes how settings were chosen and
what else was tried.

{markdown.table(rows)}
"""


def sample_metrics(saved_models: pathlib.Path) -> str:
    """Returns what the samples of all exports on MNIST are worth as a Markdown section."""
    columns = {
        figure: label
        for metric in METRICS
        if metric.needs >= SAMPLED_IMAGES
        for figure, label in metric.figures.items()
        if figure != "class_shares"
    }
    # Named after the distance itself, which training images have in the first row.
    distances = [c for c in columns if c.endswith("_classifier_distance")]
    measured = [
        (export.name, export.metrics)
        for export in catalog.read_measured(saved_models)
        if export.metrics["dataset"] == "mnist" and FRECHET in export.metrics["metrics"]
    ]
    if not measured:
        return ""
    measured.sort(key=lambda row: row[1]["metrics"][FRECHET])
    first = measured[0][1]["metrics"]
    rows = [
        {
            "model": "training images",
            **dict.fromkeys(columns),
            **{d: first.get(d.replace("_classifier_distance", "_floor")) for d in distances},
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

10,000 samples of each model, compared with the test images by the features of `classifier_mnist`.
Lower distances are better, and so are higher precision, recall, density and coverage. Samples of a
VAE are means of p(x given z), except for `vae_pixel`: its samples, like those of `made` and
`pixelcnn`, are binary images, which are far from grey test images for that alone. Samples of a
conditional model have the labels of the test images.
{protocol}

{markdown.table(lines)}
"""


def trained_models(saved_models: pathlib.Path) -> str:
    """Returns the figure that each trained model is known by as a Markdown section."""
    return f"""
## All trained models

Test-set results next to published numbers. The test set was never used for model selection; each
model's card has its protocol.

{catalogue.results(saved_models, links="../saved_models")}
"""


def densities(saved_models: pathlib.Path) -> str:
    """Returns the log-likelihoods of all exports on MNIST as a Markdown page.

    Args:
      saved_models: folder of exports; the newest version of each model counts.

    Raises:
      UserError: if no export has one.
    """
    rows = []
    for export in catalog.read_measured(saved_models):
        given_labels = "y" in export.description["signatures"].get("sample", [])
        measured = export.metrics
        comparable = measured.get("importance_samples") or _is_exact(export)
        if comparable and measured["dataset"] == "mnist" and not given_labels:
            rows.append((export.name, export.description["config"], measured))
    if not rows:
        raise UserError(
            f"No export in {saved_models} has a log-likelihood on MNIST: measure one with "
            "scripts/evaluate.py."
        )
    rows.sort(key=lambda row: (row[2]["metrics"].get("bits_per_dim", 0), row[2]["metrics"]["nll"]))
    lines = []
    for name, config, measured in rows:
        metrics, training = measured["metrics"], measured["training"]
        codes = measured.get("importance_samples")
        obtained = f"{metrics['nll']:.2f} ± {metrics['nll_standard_error']:.2f}"
        if "bits_per_dim" in metrics:
            obtained += f" ({metrics['bits_per_dim']:.3f} bits per dimension)"
        published = references.DENSITIES.get(config["model"], ()) or (references.Reference("", ""),)
        ours = {
            "model": f"[{name}](../saved_models/{name})",
            "obtained": obtained,
            "by": f"{codes:,} codes" if codes else "formula",
            "ELBO": metrics.get("elbo", ""),
            "active units": metrics.get("active_units", ""),
            "minutes": f"{training['seconds'] / 60:.0f}",
        }
        for i, (figure, protocol) in enumerate(published):
            shown = ours if i == 0 else dict.fromkeys(ours)
            lines.append({**shown, "published": figure, "published protocol": protocol})
    table = markdown.table(lines)
    return f"""# Log-likelihoods on MNIST

Negative log-likelihood in nats per test image, lower is better, with the standard error of the mean
over the {rows[0][2]["images"]:,} test images. It is exact for autoregressive models and mixtures,
and estimated for VAEs by importance sampling, where fewer codes per image give more nats. Weights
are chosen on a validation split held out from the training images. Binary pixels are Bernoulli
draws of the grey levels: new ones at each visit in training, one from a fixed seed for validation
and test. Models of grey images stand below those of binary ones and are compared in bits per
dimension: of bytes where the likelihood is one of bytes, otherwise a bound on them from the density
of dequantised images.

{table}
"""


def density_seeds(docs: pathlib.Path) -> str:
    """Returns log-likelihoods over seeds as a Markdown section; "" if none was measured."""
    rows = []
    for entry, sweep in DENSITY_SWEEPS.items():
        # A run that failed has no figures.
        runs = [run for run in sweeps.read_runs(docs, sweep.name) if "nll" in run]
        if runs:
            rows.append(
                {
                    "model": f"[{entry}]({sweep})",
                    "NLL": references.mean_and_deviation([run["nll"] for run in runs]),
                    "ELBO": references.mean_and_deviation([run["elbo"] for run in runs]),
                    "seeds": len(runs),
                }
            )
    if not rows:
        return ""
    return f"""
### Over seeds

The same models trained from several seeds, each for a part of the time above; the linked pages have
the commands. Mean ± standard deviation over seeds, nats per test image.

{markdown.table(rows)}
"""


def _is_exact(export):
    """Whether the model's log-likelihood is a formula of x alone."""
    measured = "nll" in export.metrics["metrics"]
    return measured and export.description["signatures"].get("score") == ["x"]


def build_page(saved_models: pathlib.Path, docs: pathlib.Path) -> str:
    """Returns all tables as a Markdown page.

    Raises:
      UserError: if no export has a log-likelihood.
    """
    return (
        f"{densities(saved_models)}{density_seeds(docs)}{sample_metrics(saved_models)}"
        f"{clusters(docs)}{few_labels(docs)}{trained_models(saved_models)}\n"
        "Generated by `scripts/report.py` from the metrics.json of each export and the sweeps.\n"
    )
