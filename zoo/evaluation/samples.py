"""Quality of samples: compares their features with those of real images.

All functions take features [N, F] of an evaluation classifier; distances between them are
Euclidean. Features of another network give other numbers: these are not the published FID or KID,
which use an Inception network.
"""

import numpy as np
import scipy.linalg
import sklearn.metrics
import sklearn.neighbors

# The k-th neighbour sets the radius of a point's ball (Naeem et al. 2020, section 4).
K = 5
CHUNK = 1000
# Points are the same if their distance is a smaller share than this of the cloud's size.
SAME = 1e-5
# If more than this share of points are copies of others, distances to neighbours are meaningless.
MANY_COPIES = 0.01


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Returns |m - n|^2 + tr(S + T - 2 (S T)^(1/2)) of means m, n and covariances S, T.

    Heusel et al. 2017 (arXiv 1706.08500), equation 6: the squared Fréchet distance of two Gaussians
    that have the moments of the clouds.
    """
    (m, s), (n, t) = (
        (cloud.mean(0), np.cov(cloud, rowvar=False))
        for cloud in (np.asarray(real, np.float64), np.asarray(fake, np.float64))
    )
    # (S T)^(1/2) has the trace of (R T R)^(1/2), R the root of S, which is symmetric.
    values, vectors = scipy.linalg.eigh(s)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    cross = np.sqrt(np.maximum(scipy.linalg.eigvalsh(root @ t @ root), 0.0)).sum()
    return float(np.sum((m - n) ** 2) + np.trace(s) + np.trace(t) - 2.0 * cross)


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Returns the unbiased squared maximum mean discrepancy with kernel (a b / F + 1)^3.

    Binkowski et al. 2018, Demystifying MMD GANs (arXiv 1801.01401), section 4 (equation 4 for the
    estimator); around 0, possibly negative, if both have the same distribution.
    """

    def mean(a, b, same=False):
        total = 0.0
        for start in range(0, len(a), CHUNK):
            part = a[start : start + CHUNK]
            total += np.sum((part @ b.T / a.shape[1] + 1.0) ** 3, dtype=np.float64)
        if not same:
            return total / (len(a) * len(b))
        own = np.sum((np.sum(a * a, 1) / a.shape[1] + 1.0) ** 3, dtype=np.float64)
        return (total - own) / (len(a) * (len(a) - 1))

    real, fake = (np.asarray(cloud, np.float64) for cloud in (real, fake))
    return float(mean(real, real, True) + mean(fake, fake, True) - 2.0 * mean(real, fake))


def neighbourhoods(real: np.ndarray, fake: np.ndarray, k: int = K) -> dict[str, float]:
    """Returns "precision", "recall", "density" and "coverage".

    A point's ball reaches to its k-th neighbour in its own cloud. Precision: share of samples that
    lie in a real ball; recall: share of real points in a ball of a sample (Kynkäänniemi et al.
    2019, arXiv 1904.06991). Density: number of real balls in which a sample lies, over k; coverage:
    share of real balls that hold a sample (Naeem et al. 2020, arXiv 2002.09797).

    Empty if more than MANY_COPIES of the real points occur more than k times: their balls have
    radius 0.
    """
    k = min(k, len(real) - 1, len(fake) - 1)
    real_radius, fake_radius = (_radii(cloud, k) for cloud in (real, fake))
    if np.mean(real_radius <= SAME * np.linalg.norm(real.std(0))) > MANY_COPIES:
        return {}
    precise, balls = 0, 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for start in range(0, len(fake), CHUNK):
        rows = slice(start, start + CHUNK)
        distances = sklearn.metrics.pairwise.euclidean_distances(fake[rows], real)
        in_real = distances < real_radius  # [chunk, N]
        precise += np.sum(in_real.any(1))
        balls += np.sum(in_real)
        covered |= in_real.any(0)
        recalled |= (distances < fake_radius[rows, None]).any(0)
    return {
        "precision": float(precise / len(fake)),
        "recall": float(recalled.mean()),
        "density": float(balls / (k * len(fake))),
        "coverage": float(covered.mean()),
    }


def _radii(cloud, k):
    """Distance of each point to its k-th neighbour, itself not counted."""
    found = sklearn.neighbors.NearestNeighbors(n_neighbors=k, algorithm="brute").fit(cloud)
    return found.kneighbors()[0][:, -1]


def share_of_copies(train: np.ndarray, real: np.ndarray) -> float:
    """Returns the share of test points that are training points as well."""
    distance = sklearn.metrics.pairwise_distances_argmin_min(real, train)[1]
    return float(np.mean(distance <= SAME * np.linalg.norm(train.std(0))))


def nearest_distance_ratio(train: np.ndarray, real: np.ndarray, fake: np.ndarray) -> float:
    """Returns the distance of samples to their nearest training images over that of test images.

    Near 1 for samples as new as test images; far below 1 if training images were memorised. Uses
    means of distances; `real` are the test images.
    """

    def distance(cloud):
        return sklearn.metrics.pairwise_distances_argmin_min(cloud, train)[1].mean()

    return float(distance(fake) / distance(real))


def class_shares(probs: np.ndarray) -> np.ndarray:
    """Returns the share of samples [K] whose most probable class is each of K."""
    return np.bincount(probs.argmax(-1), minlength=probs.shape[-1]) / len(probs)


def entropy(shares: np.ndarray) -> float:
    """Returns the entropy in nats of shares [K]; log K where all are equal."""
    return float(-np.sum(shares * np.log(np.maximum(shares, 1e-300))))
