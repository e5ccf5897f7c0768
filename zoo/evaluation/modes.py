"""Counts the modes of known data that samples cover.

Lin et al. 2018, PacGAN: The power of two samples in generative adversarial networks (arXiv
1712.04086), section 4: each sample belongs to a mode, the nearest mean of a mixture or the class of
a classifier. A mode is found if a sample of high quality belongs to it.
"""

import numpy as np
import scipy.special

from zoo.data import stacked

# A sample is of high quality within this many standard deviations of its mode's mean.
DEVIATIONS = 3.0


def nearest_components(
    x: np.ndarray, means: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mode [N] of each sample, and whether it is of high quality [N].

    Args:
      x: samples [N, D].
      means: of the components of a mixture [K, D].
      scale: standard deviation of each component in each dimension.
    """
    distances = np.linalg.norm(x[:, None] - means, axis=-1)  # [N, K]
    return distances.argmin(1), distances.min(1) <= DEVIATIONS * scale


def classes_of_channels(x: np.ndarray, classify) -> np.ndarray:
    """Returns the mode [N] of images with a digit in each channel: the number that they spell.

    Args:
      x: images [N, H, W, C].
      classify: maps images [N, H, W, 1] to probabilities [N, K].
    """
    channels = np.moveaxis(x, -1, 0)[..., None]  # [C, N, H, W, 1]
    probs = [classify(channel) for channel in channels]
    return stacked.spell(np.stack([p.argmax(-1) for p in probs], -1), probs[0].shape[-1])


def measure_modes(modes: np.ndarray, good: np.ndarray | None = None, *, num_modes: int) -> dict:
    """Returns {"modes", "high_quality", "reverse_kl"} of samples.

    "high_quality" is a share of the samples, left out if `good` is None; "reverse_kl" is the KL
    divergence of the samples' distribution over modes from a uniform one, in nats: log K if all
    samples belong to one mode.

    Args:
      modes: of each sample [N], in 0 .. K - 1.
      good: whether a sample is of high quality [N]; None if all count as such.
      num_modes: K.
    """
    shares = np.bincount(modes, minlength=num_modes) / len(modes)
    found = {"modes": len(np.unique(modes if good is None else modes[good]))}
    if good is not None:
        found["high_quality"] = float(np.mean(good))
    found["reverse_kl"] = float(np.sum(scipy.special.xlogy(shares, num_modes * shares)))
    return found
