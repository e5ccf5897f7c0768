"""Diversity of generated rows: variation, classes, coverage of real rows, distances of pairs."""

import numpy as np
import scipy.spatial.distance
import sklearn.metrics

from zoo.diagnosis.players import FrozenPlayers
from zoo.errors import UserError
from zoo.evaluation import samples
from zoo.evaluation.map_rows import map_arrays
from zoo.objectives.gan_losses import relative_spread

# Number of rows whose pairwise distances are measured.
PAIRED_ROWS = 1000
# Two rows count as equal if this share of pairs of real rows is closer.
SAME_SHARE = 1e-5
# The birthday test needs this many times as many equal pairs as among real rows.
MORE_THAN_REAL = 3


def measure_diversity(subject: FrozenPlayers) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Returns the figures below, and {"real", "generated"}: shares of the judge's classes.

    "spread": how much generated rows vary over how much real ones do (root mean squares of
    deviations from the mean row). "classes" and "real_classes": exp of the entropy of the judge's
    classes, the number of equally frequent ones with as much; without a judge the class of a row is
    that of the nearest unseen real one. "coverage": share of real rows near
    generated ones (`samples.neighbourhoods`). "pair_distance": mean distance of two generated rows
    over that of two real ones; of one label where samples are drawn for one. "support": about how
    many different rows G has, by the birthday test; None where no more are the same than of real
    rows.
    """
    real, fake = subject.held_out.x, subject.generated.x
    figures = {"spread": float(relative_spread(real, fake))}
    shares = {}
    if subject.dataset.spec.num_classes > 1:
        shares = {"real": _class_shares(subject, real), "generated": _class_shares(subject, fake)}
        for prefix, kind in (("real_", "real"), ("", "generated")):
            figures[f"{prefix}classes"] = float(np.exp(samples.entropy(shares[kind])))
    real, fake = subject.features_of_held_out, subject.features_of_generated
    neighbourhoods = samples.neighbourhoods(real, fake)
    if not neighbourhoods:
        raise UserError(
            f"Many real rows stand more than {samples.K} times, and a diagnosis compares rows with "
            "their neighbours: remove the copies."
        )
    figures["coverage"] = neighbourhoods["coverage"]
    of_real, of_fake = (
        scipy.spatial.distance.pdist(cloud[:PAIRED_ROWS].astype(np.float64))
        for cloud in (real, fake)
    )
    if subject.model.conditional:
        y = subject.held_out.y[:PAIRED_ROWS]
        first, second = np.triu_indices(len(y), 1)  # the order of pdist
        of_real, of_fake = of_real[y[first] == y[second]], of_fake[y[first] == y[second]]
    figures["pair_distance"] = float(of_fake.mean() / max(of_real.mean(), 1e-12))
    figures["support"] = birthday_support(of_real, of_fake)
    return figures, shares


def birthday_support(of_real: np.ndarray, of_fake: np.ndarray) -> float | None:
    """Returns about how many different rows G has, from distances within pairs of N rows each.

    Among N draws of S equally likely rows N (N - 1) / 2 / S pairs are of the same row in
    expectation (Arora and Zhang 2017, Do GANs actually learn the distribution?, arXiv 1706.08224).
    Two rows count as equal if they are closer than nearly all pairs of real rows. Some pairs of
    real rows are, too: a few more would be chance.
    """
    close = np.quantile(of_real, SAME_SHARE)
    same = np.sum(of_fake <= close)
    few = same <= MORE_THAN_REAL * max(np.sum(of_real <= close), 1)
    return None if few else float(len(of_fake) / same)


def _class_shares(subject, x):
    if subject.judge is not None:
        return samples.class_shares(map_arrays(subject.judge.classify, x))
    real = subject.held_out
    known = real.y >= 0
    rows, x = (a.reshape(len(a), -1) for a in (real.x[known], x))
    nearest = sklearn.metrics.pairwise_distances_argmin(x, rows)
    counts = np.bincount(real.y[known][nearest], minlength=subject.dataset.spec.num_classes)
    return counts / counts.sum()
