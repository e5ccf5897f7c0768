"""A small convolutional classifier that evaluates samples by its classes and features."""

import keras
import tensorflow as tf

from zoo.models.augmentation import shift
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules
from zoo.models.classifying import Classifies


class Classifier(Classifies, GenerativeModel):
    """q(y|x) by strided 3x3 convolutions, trained on images moved by a few pixels."""

    convolutional = True
    rules = Rules(needs_labels=True)

    def __init__(self, config, spec):
        super().__init__(config, spec)
        layers = []
        for channels in config.channels_per_stage:
            for strides in (1, 2):
                layers.append(keras.layers.Conv2D(channels, 3, strides, "same", activation="relu"))
        layers += [
            keras.layers.Flatten(),
            keras.layers.Dense(config.features, "relu", dtype="float32"),
        ]
        self.trunk = keras.Sequential(layers)
        self.head = keras.layers.Dense(spec.num_classes, dtype="float32")

    @property
    def capabilities(self):
        return frozenset({Capability.CLASSES})

    def features(self, x):
        """Returns the activations of the last hidden layer, [B, features]."""
        return self.trunk(x)

    def logits(self, x):
        """Returns the logits of q(y|x), [B, K]."""
        return self.head(self.features(x))

    def classify(self, x):
        """Returns q(y|x), [B, K]."""
        return tf.nn.softmax(self.logits(x))

    def loss_terms(self, batch, seed, training=False):
        """Returns the cross-entropy ("loss") and the 0/1 error of each example."""
        x, y = batch["x"], batch["y"]
        if training and self.config.max_shift:
            x = shift(x, self.config.max_shift, seed)
        logits = self.logits(x)
        error = tf.cast(tf.argmax(logits, -1, tf.int32) != y, tf.float32)
        return {
            "loss": tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits),
            "error": error,
        }

    def signatures(self):
        return {
            "classify": self.classify_signature(),
            "features": self.signature(self.features, "x", output="features"),
        }
