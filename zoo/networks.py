"""Encoders and decoders: images [B, H, W, C] to vectors [B, units] and back.

The last layer of each computes in float32 whatever the precision of the rest, because its output
is the parameters of a distribution.
"""

import math
from collections.abc import Sequence

import keras

from zoo.errors import UserError

# Of the dense layer between convolutions and code.
DENSE_UNITS = 256


def encoder(kind: str, image_shape: tuple[int, int, int], hidden: Sequence[int], outputs: int):
    """Returns a layer that maps ([B, H, W, C], [B, K] or None) to [B, outputs].

    Args:
      kind: "mlp"; "gated", an MLP of gated layers; "conv".
      image_shape: H, W, C.
      hidden: units of each layer, for "conv" channels.
      outputs: size of the result.
    """
    if kind == "conv":
        return ConvEncoder(image_shape, hidden, outputs)
    return MLPEncoder(image_shape, hidden, outputs, gated=kind == "gated")


def decoder(kind: str, image_shape: tuple[int, int, int], hidden: Sequence[int]):
    """Returns a layer that maps ([B, D], [B, K] or None) to [B, H, W, C]; `hidden` as there.

    Its method `start_at(image)` sets the last biases such that the output is close to an image.
    """
    if kind == "conv":
        return ConvDecoder(image_shape, hidden)
    return MLPDecoder(image_shape, hidden, gated=kind == "gated")


class Conditioned(keras.Layer):
    """relu(layer(h) + U c): a layer whose bias depends on what it is conditioned on.

    Given at every layer rather than at the first alone, the label is never drowned by a code.
    With `gated` the layer's units come in two halves a, b that make a sigmoid(b) (Dauphin et al.
    2017, Language Modeling with Gated Convolutional Networks, arXiv 1612.08083, equation 1).
    """

    def __init__(self, layer: keras.Layer, gated: bool = False):
        super().__init__(dtype=layer.dtype_policy)
        self.layer, self.gated = layer, gated
        units = layer.units if isinstance(layer, keras.layers.Dense) else layer.filters
        self.of_condition = keras.layers.Dense(units, use_bias=False, dtype=layer.dtype_policy)

    def build(self, h_shape, condition_shape=None):
        self.layer.build(h_shape)
        if condition_shape is not None:
            self.of_condition.build(condition_shape)

    def call(self, h, condition=None):
        h = self.layer(h)
        if condition is not None:
            bias = self.of_condition(condition)  # [B, units]
            h += keras.ops.reshape(bias, [-1, *[1] * (len(h.shape) - 2), bias.shape[-1]])
        if self.gated:
            h, gate = keras.ops.split(h, 2, axis=-1)
            return h * keras.ops.sigmoid(gate)
        # Not relu by name: TensorFlow 2.21 fails, aloud, to fuse it with the sum before it.
        return keras.ops.maximum(h, 0)


class MLPEncoder(keras.Layer):
    """Dense layers on the flattened image."""

    def __init__(self, image_shape, hidden, outputs, gated):
        super().__init__()
        self.flat = math.prod(image_shape)
        self.hidden = _dense_layers(hidden, gated)
        self.last = keras.layers.Dense(outputs, dtype="float32")

    def call(self, x, condition=None):
        h = keras.ops.reshape(x, [-1, self.flat])  # [B, H*W*C]
        for layer in self.hidden:
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

    def start_at(self, image):
        self.last.bias.assign(image.reshape(-1))


def _dense_layers(hidden, gated):
    return [Conditioned(keras.layers.Dense(units * (1 + gated)), gated) for units in hidden]


class ConvEncoder(keras.Layer):
    """Strided 3x3 convolutions, each halving the resolution, and a dense layer."""

    def __init__(self, image_shape, hidden, outputs):
        super().__init__()
        del image_shape
        self.convolutions = [
            Conditioned(keras.layers.Conv2D(channels, 3, strides=2, padding="same"))
            for channels in hidden
        ]
        self.dense = Conditioned(keras.layers.Dense(DENSE_UNITS))
        self.last = keras.layers.Dense(outputs, dtype="float32")

    def call(self, x, condition=None):
        for convolution in self.convolutions:
            x = convolution(x, condition)
        h = keras.ops.reshape(x, [-1, math.prod(x.shape[1:])])
        return self.last(self.dense(h, condition))


class ConvDecoder(keras.Layer):
    """Two dense layers, then transposed 3x3 convolutions, each doubling the resolution."""

    def __init__(self, image_shape, hidden):
        super().__init__()
        height, width, channels = image_shape
        factor = 2 ** len(hidden)
        if height % factor or width % factor:
            raise UserError(
                f"A conv decoder of {len(hidden)} layers makes images whose sides are multiples "
                f"of {factor}, not {height}x{width}: use fewer layers (--config.hidden) or pad "
                f"(--config.image_size={factor * math.ceil(max(height, width) / factor)})."
            )
        self.start = (height // factor, width // factor, hidden[-1])
        self.dense = [
            Conditioned(keras.layers.Dense(units)) for units in (DENSE_UNITS, math.prod(self.start))
        ]
        self.convolutions = [
            Conditioned(keras.layers.Conv2DTranspose(c, 3, strides=2, padding="same"))
            for c in hidden[-2::-1]
        ]
        self.last = keras.layers.Conv2DTranspose(
            channels, 3, strides=2, padding="same", dtype="float32"
        )

    def call(self, z, condition=None):
        for layer in self.dense:
            z = layer(z, condition)
        h = keras.ops.reshape(z, [-1, *self.start])
        for convolution in self.convolutions:
            h = convolution(h, condition)
        return self.last(h)

    def start_at(self, image):
        self.last.bias.assign(image.mean((0, 1)))
