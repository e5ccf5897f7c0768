"""Published results with their protocols."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Reference(NamedTuple):
    """A published result and how it was obtained."""

    figure: str
    protocol: str


BURDA = (
    "Burda et al. 2016 (arXiv 1509.00519): tanh 200-200, z 50, batch 20, 3,280 epochs, K = 5,000"
)
NOROUZI = (
    "Norouzi et al. 2020 (arXiv 2004.04795): gated 300-300, z 40, KL warm-up 100 epochs, early "
    "stopping, K = 5,000"
)
TWO_LEVELS = f"two levels; {NOROUZI}"
# By entry, for MNIST binarised dynamically: test NLL in nats per image.
DENSITIES: dict[str, tuple[Reference, ...]] = {
    "vae": (Reference("86.76", BURDA), Reference("84.45 ± .12", NOROUZI)),
    "iwae": (
        Reference("85.54 (k = 5)", BURDA),
        Reference("84.78 (k = 50)", BURDA),
    ),
    "vae_vamp": (Reference("82.43 ± .06", NOROUZI),),
    "hvae": (Reference("81.56", TWO_LEVELS),),
    "made": (Reference("84.87", "pytorch-generative: 8,000 hidden units, 85 epochs"),),
    "pixelcnn": (
        Reference("81.50", "pytorch-generative, gated: 15 blocks of 16 channels, 457 epochs, GPU"),
    ),
    "pixelcnn_grey": (
        Reference("0.808 bits per dimension", "UvA course notebook, gated: 852,000 parameters"),
    ),
}

# The same for Fashion-MNIST.
FASHION_DENSITIES: dict[str, tuple[Reference, ...]] = {
    "vae": (Reference("228.70 ± .15", NOROUZI),),
    "vae_mog": (Reference("227.35 ± .05", f"with a VampPrior; {NOROUZI}"),),
    "vae_vamp": (Reference("227.35 ± .05", NOROUZI),),
    "hvae": (Reference("226.72", TWO_LEVELS),),
}

# By entry: clustering accuracy on MNIST with ten clusters, by Hungarian matching.
CLUSTERING = {
    "gmvae": (
        Reference(
            "94.46", "Jiang et al. 2017 (arXiv 1611.05148): from the authors' pretrained weights"
        ),
        Reference("71.6 ± 4.4", "the same model, rerun by others from 20 seeds"),
    ),
    "infogan": (
        Reference("95", "Chen et al. 2016 (arXiv 1606.03657): each category matched to a digit"),
    ),
}

# By entry and number of labels: test error on MNIST in percent.
KINGMA = "Kingma et al. 2014 (arXiv 1406.5298), table 1"
SALIMANS = "Salimans et al. 2016 (arXiv 1606.03498), table 1: ten draws of labels, dense layers"
FEW_LABELS = {
    "m2": {
        100: Reference("11.97 ± 1.71", KINGMA),
        600: Reference("4.94 ± 0.13", KINGMA),
        1000: Reference("3.60 ± 0.56", KINGMA),
        3000: Reference("3.92 ± 0.63", KINGMA),
    },
    "m1_m2": {
        100: Reference("3.33 ± 0.14", KINGMA),
        600: Reference("2.59 ± 0.05", KINGMA),
        1000: Reference("2.40 ± 0.02", KINGMA),
        3000: Reference("2.18 ± 0.04", KINGMA),
    },
    "improved_gan": {
        100: Reference("0.93 ± 0.07", SALIMANS),
        200: Reference("0.90 ± 0.04", SALIMANS),
    },
}

# Modes found of 25 on a grid, in the setting of docs/questions/collapse.md.
MODES = Reference(
    "24.8 ± 0.2 (without: 17.3 ± 0.8)",
    "PacGAN4, Lin et al. 2018 (arXiv 1712.04086): ten trials of 400 epochs",
)


class Source(NamedTuple):
    """The origin of a dataset.

    Attributes:
      title: what it is called.
      about: what it holds and who made it.
      licence: of the images; "" if its makers name none.
    """

    title: str
    about: str
    licence: str


# By name of the dataset.
SOURCES = {
    "mnist": Source(
        "MNIST",
        "70,000 grey images of handwritten digits, 28x28 (LeCun, Cortes and Burges)",
        "CC BY-SA 3.0",
    ),
    "fashion_mnist": Source(
        "Fashion-MNIST",
        "70,000 grey images of clothes, 28x28, in ten classes (Xiao, Rasul and Vollgraf 2017, "
        "arXiv 1708.07747)",
        "MIT",
    ),
    "emoji": Source(
        "Noto emoji",
        "3,781 emoji of Google's Noto set (the npm package emoji-datasource-google, version "
        "16.0.0) in nine folders, one per class, transparent parts on white",
        "Apache-2.0",
    ),
    "ring": Source("ring", "points on eight Gaussians in the plane, drawn by the zoo", ""),
}


def find_references(config: dict, figure: str) -> tuple[Reference, ...]:
    """Returns the published results for a metric, the entry and the data of a config; () if none.

    Args:
      config: of a trained model, as its config.json has it.
      figure: its name in metrics.json.
    """
    entry, dataset = config["model"], config["dataset"]
    if figure == "nll" and config.get("pixels") == "binarized":
        known = {"mnist": DENSITIES, "fashion_mnist": FASHION_DENSITIES}.get(dataset, {})
        return known.get(entry, ())
    if figure == "clustering_accuracy" and dataset == "mnist":
        return CLUSTERING.get(entry, ())
    if figure == "error" and dataset == "mnist":
        found = FEW_LABELS.get(entry, {}).get(config.get("labels", 0))
        return (found,) if found else ()
    return ()


def compare_errors(
    entry: str, dataset: str, runs: list[dict], fields: Sequence[str] = ("labels",)
) -> list[dict]:
    """Returns a row of a table for each combination of fields: obtained beside published errors.

    Args:
      entry: of the zoo.
      dataset: name of the set.
      runs: a row for each run, with the fields, "labels" among them, and "error".
      fields: in which runs differ, but for the seed.
    """
    published = FEW_LABELS.get(entry, {}) if dataset == "mnist" else {}
    rows = []
    for values in dict.fromkeys(tuple(run[field] for field in fields) for run in runs):
        alike = [run for run in runs if tuple(run[field] for field in fields) == values]
        errors = [100 * run["error"] for run in alike]
        reference = published.get(alike[0]["labels"], Reference("", ""))
        rows.append(
            {
                **dict(zip(fields, values, strict=True)),
                "obtained, test error %": mean_and_deviation(errors),
                "seeds": len(errors),
                "published": reference.figure,
                "published protocol": reference.protocol,
            }
        )
    return rows


def mean_and_deviation(values: list[float]) -> str:
    """Returns "mean ± standard deviation", or the one value."""
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.pstdev(values):.2f}"
