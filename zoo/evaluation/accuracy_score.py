"""The classification accuracy score of a conditional model."""

import numpy as np
import tensorflow as tf
import tqdm

from zoo import models
from zoo.data import Dataset, InMemory
from zoo.data.pipeline import to_float
from zoo.evaluation.map_rows import map_arrays, map_split
from zoo.evaluation.protocol import SEED
from zoo.models.base import GenerativeModel

# At most as many samples as this, and as many passes over them; a small set is passed more often.
SAMPLES, EPOCHS, STEPS = 60_000, 10, 1_000


def accuracy_score(model: GenerativeModel, dataset: Dataset, steps: int = STEPS) -> float | None:
    """Returns the accuracy on test images of a classifier that was trained on samples only.

    Ravuri and Vinyals 2019, Classification Accuracy Score for Conditional Generative Models (arXiv
    1905.10887), section 3. Low if the samples of a label show something else, or lack variants of
    it that occur in real images. There are as many samples as labelled training images, with their
    labels. None if training or test images have no labels.

    Args:
      model: takes labels.
      dataset: its data.
      steps: of the classifier, at least.
    """
    labels = dataset.train.take(min(SAMPLES, dataset.train.size)).labels()
    labels = labels[labels >= 0]
    test_labels = dataset.test.labels()
    if not len(labels) or not np.any(test_labels >= 0):
        return None
    draw = model.compiled_method("sample")
    split = InMemory(
        map_arrays(
            lambda seed, y: np.round(255 * draw(seed, y)).astype(np.uint8),
            np.arange(len(labels), dtype=np.int32),
            labels.astype(np.int32),
            progress="samples to learn from",
        ),
        labels,
    )
    classifier = models.create("classifier", model.spec, seed=SEED, dataset=dataset.name)
    batch_size = min(classifier.config.batch_size, split.size)
    steps = max(steps, EPOCHS * split.steps_per_epoch(batch_size))
    classifier.compile_for_run(steps)
    step = tf.function(lambda batch: classifier.take_step(to_float(batch)), autograph=False)
    batches = split.epochs(SEED, 0, batch_size).take(steps)
    for batch in tqdm.tqdm(batches, "classifier of samples", steps, unit="step"):
        step(batch)
    classify = classifier.compiled_method("classify")
    probs = map_split(lambda batch: classify(batch["x"]), dataset.test, "scaled")
    known = test_labels >= 0
    return float(np.mean(probs.argmax(-1)[known] == test_labels[known]))
