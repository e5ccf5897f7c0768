"""What a run knows beside its weights and optimizers."""

import numpy as np
import tensorflow as tf

from zoo.evaluation.headline_metrics import FRECHET

# How cards say which weights were kept.
SELECTIONS = {
    "loss": "had the lowest loss on the validation split",
    FRECHET: "had the lowest Fréchet classifier distance on the validation split",
    None: "are the last",
}


class State(tf.Module):
    """Part of each checkpoint of a run."""

    def __init__(self):
        super().__init__()
        self.best_value = tf.Variable(np.inf, dtype=tf.float64)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.best_step = tf.Variable(0, dtype=tf.int64)
        self.evaluations_since_best = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.selection = tf.Variable("", dtype=tf.string)

    def summary(self) -> dict:
        """Returns what a metrics file records about the run."""
        return {
            "steps": int(self.step),
            "best_step": int(self.best_step),
            "seconds": round(float(self.seconds), 1),
            "selection": self.selection.numpy().decode(),
        }
