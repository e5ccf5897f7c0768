"""What models that answer p(y|x) have in common."""

import keras


class Classifies(keras.Model):
    """Mixed into a model that defines `classify`: Keras' `call` and `predict` answer p(y|x)."""

    def classify(self, x):
        """Returns p(y|x), [B, K], of rows x [B, ...]."""
        raise NotImplementedError

    def call(self, x, y=None, training=False):
        """Returns p(y|x), [B, K]."""
        return self.classify(self.to_batch((x, None), labels=False, noise=False)["x"])

    def classify_signature(self):
        """Returns the signature "classify"."""
        return self.signature(self.classify, "x", output="probs")
