"""Checks that stop a run whose numbers are not finite."""

import numpy as np
import tensorflow as tf

from zoo.errors import Diverged
from zoo.training.checkpoint import Checkpoints


def check_finite(
    terms: np.ndarray, names: list[str], step: int, checkpoints: Checkpoints, remedy: str
) -> None:
    """Raises a Diverged that names the step and the term if one of `terms` is not finite.

    Args:
      terms: [n, terms], of the steps after `step`.
      names: of the terms.
      step: number of steps before these.
      checkpoints: of the run, to name the last good one.
      remedy: what to try, of the model.
    """
    bad = np.argwhere(~np.isfinite(terms))
    if len(bad):
        row = bad[0, 0]
        # The loss is the sum of the others: it is to blame only where no other is.
        column = min(bad[bad[:, 0] == row, 1], key=lambda c: names[c] == "loss")
        raise Diverged(
            f"The term {names[column]!r} is {terms[row, column]} at step {step + row + 1}. "
            f"{_last_good(checkpoints, remedy)}"
        )


def check_weights(model, step: int, checkpoints: Checkpoints) -> None:
    """Raises a Diverged if a weight is not finite: a finite loss may have had no such gradient."""
    for variable in model.trainable_variables:
        if not np.all(np.isfinite(tf.cast(variable.value, tf.float32))):
            raise Diverged(
                f"The weight {variable.path!r} is not finite after step {step}. "
                f"{_last_good(checkpoints, model.rules.remedy)}"
            )


def _last_good(checkpoints, remedy):
    return (
        f"The last good checkpoint is {checkpoints.last_good or 'none yet'}. {remedy}, in another "
        "--workdir."
    )
