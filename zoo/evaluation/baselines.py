"""Baselines of semi-supervised models: classifiers of codes that learn from the same labels."""

import numpy as np
import sklearn.linear_model
import sklearn.svm

from zoo.data import Split
from zoo.evaluation.map_rows import map_split

# scikit-learn's defaults: there are too few labels for tuning.
CLASSIFIERS = {
    "logistic_regression_error": lambda: sklearn.linear_model.LogisticRegression(max_iter=1000),
    "svm_error": lambda: sklearn.svm.SVC(),
}


# A support vector machine would take minutes with many more.
MAX_ROWS = 5000


def measure_baselines(model, train: Split, test: Split) -> dict[str, float]:
    """Returns the test errors of classifiers of M1's codes.

    Args:
      model: has `codes` and `rows_to_learn`, whose labels the classifiers learn from.
      train: the training rows.
      test: the rows to classify.
    """
    x, y = _codes(model, model.rows_to_learn(train).labelled.take(MAX_ROWS))
    x_test, y_test = _codes(model, test)
    return {
        name: float(np.mean(make().fit(x, y).predict(x_test) != y_test))
        for name, make in CLASSIFIERS.items()
    }


def _codes(model, split):
    codes = model.compiled_method("codes")
    x = map_split(lambda batch: codes(batch["x"]), split, model.config.pixels, seed=0)
    return x, split.labels()
