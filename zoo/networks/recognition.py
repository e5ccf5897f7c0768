"""The recognition network of InfoGAN, a head on the discriminator's last hidden layer."""

import keras

from zoo.networks.activations import leaky_relu

# Hidden units.
RECOGNITION_UNITS = 128
# Dimensions of the projection for comparing images.
PROJECTION_UNITS = 64


class Recognition(keras.Layer):
    """InfoGAN's Q: D's features [B, F] to the parameters of q(c, u | x), [B, outputs].

    Args:
      outputs: number of parameters.
      compares: whether it has a projection for comparing images.
    """

    def __init__(self, outputs: int, compares: bool = False):
        super().__init__()
        self.hidden = keras.layers.Dense(RECOGNITION_UNITS, dtype="float32")
        self.last = keras.layers.Dense(outputs, dtype="float32")
        dense = keras.layers.Dense(PROJECTION_UNITS, dtype="float32")
        self.projection = dense if compares else None

    def build(self, shape):
        self.hidden.build(shape)
        for layer in filter(None, (self.last, self.projection)):
            layer.build([None, RECOGNITION_UNITS])

    def call(self, features):
        return self.last(leaky_relu(self.hidden(features)))

    def project(self, features):
        """Returns a projection [B, P] for comparing images; only with `compares`."""
        return self.projection(leaky_relu(self.hidden(features)))
