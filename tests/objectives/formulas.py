"""Losses of GANs as the papers write them, in numpy."""

import numpy as np
import scipy.special

log_s = scipy.special.log_expit  # log of the sigmoid


def log_1_minus_s(a):
    return log_s(-a)


# By name: losses of D and of G as the papers write them, in numpy, of (real, fake).
FORMULAS = {
    "minimax": (
        lambda r, f: -(log_s(r) + log_1_minus_s(f)),
        lambda r, f: log_1_minus_s(f),
    ),
    "non_saturating": (
        lambda r, f: -(log_s(r) + log_1_minus_s(f)),
        lambda r, f: -log_s(f),
    ),
    "least_squares": (
        lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2,
        lambda r, f: (f - 1) ** 2 / 2,
    ),
    "hinge": (
        lambda r, f: -np.minimum(0, r - 1) - np.minimum(0, -f - 1),
        lambda r, f: -f,
    ),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "relativistic": (
        lambda r, f: -log_s(r - f),
        lambda r, f: -log_s(f - r),
    ),
}
