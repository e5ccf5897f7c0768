"""Published figures, each with its protocol, to stand beside what the zoo obtains."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Reference(NamedTuple):
    """A published figure and how it was obtained."""

    figure: str
    protocol: str


BURDA = (
    "Burda et al. 2016 (arXiv 1509.00519): tanh 200-200, z 50, batch 20, 3,280 epochs, K = 5,000"
)
NOROUZI = (
    "Norouzi et al. 2020 (arXiv 2004.04795): gated 300-300, z 40, KL warm-up 100 epochs, early "
    "stopping, K = 5,000"
)
# By entry, for MNIST binarised dynamically: test NLL in nats per image.
DENSITIES = {
    "vae": (Reference("86.76", BURDA), Reference("84.45 ± .12", NOROUZI)),
    "iwae": (
        Reference("85.54 (k = 5)", BURDA),
        Reference("84.78 (k = 50)", BURDA),
    ),
    "vae_vamp": (Reference("82.43 ± .06", NOROUZI),),
}

# By entry: share of MNIST images whose cluster is their digit, ten clusters, by Hungarian matching.
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
                "reference": reference.figure,
                "its protocol": reference.protocol,
            }
        )
    return rows


def mean_and_deviation(values: list[float]) -> str:
    """Returns "mean ± standard deviation", or the one value."""
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.pstdev(values):.2f}"
