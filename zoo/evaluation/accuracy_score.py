"""The classification accuracy score of a conditional model."""

import numpy as np
import tensorflow as tf
import tqdm

from zoo import models
from zoo.data import Dataset, InMemory
from zoo.data.pipeline import to_float
from zoo.evaluation import draws
from zoo.evaluation.protocol import SEED
from zoo.evaluation.terms import mean_terms
from zoo.models.base import GenerativeModel

# At most as many samples as this, and as many passes over them.
SAMPLES, EPOCHS = 60_000, 10


def accuracy_score(model: GenerativeModel, dataset: Dataset, epochs: int = EPOCHS) -> float:
    """Returns the accuracy on test images of a classifier that has seen samples alone.

    Ravuri and Vinyals 2019, Classification Accuracy Score for Conditional Generative Models (arXiv
    1905.10887), section 3. Low if the samples of a label show something else, or lack variants of
    it that occur in real images. There are as many samples as training images, with their labels.

    Args:
      model: takes labels.
      dataset: its data.
      epochs: passes of the classifier over the samples.
    """
    labels = dataset.train.take(min(SAMPLES, dataset.train.size)).labels()
    labels = labels[labels >= 0]
    x = draws.draw(model, len(labels), labels, progress="samples to learn from")
    split = InMemory(np.round(255 * x).astype(np.uint8), labels)
    classifier = models.create("classifier", model.spec, seed=SEED, dataset=dataset.name)
    batch_size = min(classifier.config.batch_size, split.size)
    steps = split.steps_per_epoch(batch_size)
    classifier.compile_for_run(epochs * steps)
    step = tf.function(lambda batch: classifier.take_step(to_float(batch)), autograph=False)
    batches = split.epochs(SEED, 0, batch_size).take(epochs * steps)
    for batch in tqdm.tqdm(batches, "classifier of samples", epochs * steps, unit="step"):
        step(batch)
    return 1.0 - mean_terms(classifier, dataset.test)["error"]
