"""What all models share whose answer to rows is p(y|x)."""

import keras


class Classifies(keras.Model):
    """Mixed into a model that defines `classify`: what a call, or Keras' `predict`, answers."""

    def classify(self, x):
        """Returns p(y|x), [B, K], of rows x [B, ...]."""
        raise NotImplementedError

    def call(self, x, y=None, training=False):
        """Returns p(y|x), [B, K]."""
        return self.classify(self.to_batch((x, None), labels=False, noise=False)["x"])

    def classify_signature(self):
        """Returns the signature "classify"."""
        return self.signature(lambda x: {"probs": self.classify(x)}, "x")
