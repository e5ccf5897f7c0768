"""Whether G has memorised training rows."""

import numpy as np
import sklearn.metrics

from zoo.diagnosis.players import BATCH, FrozenPlayers
from zoo.evaluation.protocol import NEIGHBOURS

# Number of generated and of unseen real rows whose nearest training row is searched.
ROWS = 1000
SHOWN = 10
# A row is a copy if it is nearer to a training row than all but this share of unseen real rows.
COPY_SHARE = 0.01


def find_nearest(subject: FrozenPlayers) -> dict[str, np.ndarray]:
    """Returns the distances to the nearest training row [N] in features, and some of these rows.

    Returns:
      {"unseen": of unseen real rows, "generated": of generated ones, "rows": the training rows x
      nearest to the first SHOWN generated ones}.
    """
    split = subject.dataset.train.take(NEIGHBOURS)
    features = subject.features_of_split(split)
    find = sklearn.metrics.pairwise_distances_argmin_min
    _, unseen = find(subject.features_of_held_out[:ROWS], features)
    found, generated = find(subject.features_of_generated[:ROWS], features)
    chosen, places = np.unique(found[:SHOWN], return_inverse=True)
    x, first = [], 0
    for batch in split.batches(BATCH).as_numpy_iterator():
        here = (first <= chosen) & (chosen < first + len(batch["x"]))
        x.append(batch["x"][chosen[here] - first])
        first += len(batch["x"])
    x = np.concatenate(x)
    return {"unseen": unseen, "generated": generated, "rows": x[places]}


def measure_copies(nearest: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns "nearest_distance_ratio", mean distances' ratio, and "copies", a share of rows.

    A copy is as near to a training row as the nearest of unseen real rows, or nearer: these may
    have twins among the training rows.
    """
    unseen, generated = nearest["unseen"], nearest["generated"]
    return {
        "nearest_distance_ratio": float(generated.mean() / max(unseen.mean(), 1e-12)),
        "copies": float(np.mean(generated <= np.quantile(unseen, COPY_SHARE))),
    }
