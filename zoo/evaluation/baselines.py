"""Baselines of semi-supervised models: what classifiers of codes make of the same few labels."""

import numpy as np
import sklearn.linear_model
import sklearn.svm

from zoo.data import Split
from zoo.evaluation.protocol import BATCH_SIZE

# With scikit-learn's own settings: few labels leave none to choose others by.
CLASSIFIERS = {
    "logistic_regression_error": lambda: sklearn.linear_model.LogisticRegression(max_iter=1000),
    "svm_error": lambda: sklearn.svm.SVC(),
}


# A support vector machine takes minutes for many more.
MOST_ROWS = 5000


def measure(model, train: Split, test: Split) -> dict[str, float]:
    """Returns the shares of test rows that classifiers of M1's codes get wrong.

    Args:
      model: has `codes` and `rows_to_learn`, whose labels the classifiers learn from.
      train: the training rows.
      test: the rows to classify.
    """
    x, y = _codes(model, model.rows_to_learn(train).labelled.take(MOST_ROWS))
    x_test, y_test = _codes(model, test)
    return {
        name: float(np.mean(make().fit(x, y).predict(x_test) != y_test))
        for name, make in CLASSIFIERS.items()
    }


def _codes(model, split):
    codes = model.in_graph("codes")
    batches = split.batches(BATCH_SIZE, model.config.pixels)
    return np.concatenate([codes(batch["x"]).numpy() for batch in batches]), split.labels()
