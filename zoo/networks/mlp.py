"""Encoder and decoder of dense layers."""

import math

import keras

from zoo.networks.conditioned import Conditioned


class MLPEncoder(keras.Layer):
    """Dense layers on the flattened image."""

    def __init__(self, image_shape, hidden, outputs, gated):
        super().__init__()
        self.flat = math.prod(image_shape)
        self.hidden = _dense_layers(hidden, gated)
        self.last = keras.layers.Dense(outputs, dtype="float32")

    def call(self, x, condition=None, times=1):
        h = keras.ops.reshape(x, [-1, self.flat])  # [B, H*W*C]
        first, *others = self.hidden
        h = first(h, condition, times=times)
        for layer in others:
            h = layer(h, condition)
        return self.last(h)


class MLPDecoder(keras.Layer):
    """Dense layers, then the image's shape."""

    def __init__(self, image_shape, hidden, gated):
        super().__init__()
        self.image_shape = image_shape
        self.hidden = _dense_layers(hidden[::-1], gated)
        self.last = keras.layers.Dense(math.prod(image_shape), dtype="float32")

    def call(self, z, condition=None):
        for layer in self.hidden:
            z = layer(z, condition)
        return keras.ops.reshape(self.last(z), [-1, *self.image_shape])

    def set_output_bias(self, image):
        self.last.bias.assign(image.reshape(-1))


def _dense_layers(hidden, gated):
    return [Conditioned(keras.layers.Dense(units * (1 + gated)), gated) for units in hidden]
