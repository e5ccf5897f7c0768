"""Encoders and decoders: images [B, H, W, C] to vectors [B, units] and back.

The last layer of each computes in float32 whatever the precision of the rest, because its output
is the parameters of a distribution.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np

from zoo.errors import UserError

KINDS = ("mlp", "conv")


def encoder(kind: str, image_shape: tuple[int, int, int], hidden: Sequence[int], outputs: int):
    """Returns a layer that maps ([B, H, W, C], [B, K] or None) to [B, outputs]."""
    return {"mlp": MLPEncoder, "conv": ConvEncoder}[_known(kind)](image_shape, hidden, outputs)


def decoder(kind: str, image_shape: tuple[int, int, int], hidden: Sequence[int]):
    """Returns a layer that maps [B, D] to [B, H, W, C]; `hidden` is given as for the encoder."""
    return {"mlp": MLPDecoder, "conv": ConvDecoder}[_known(kind)](image_shape, hidden)


def _known(kind):
    if kind not in KINDS:
        raise UserError(f"Unknown network {kind!r}: expected one of {', '.join(KINDS)}.")
    return kind


def mlp(hidden: Sequence[int], outputs: int, activation="relu") -> keras.Sequential:
    """Returns dense layers with `activation` between them, the last one linear in float32."""
    layers = [keras.layers.Dense(units, activation) for units in hidden]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, dtype="float32")])


class MLPEncoder(keras.Layer):
    """Dense layers on the flattened image, next to what it is conditioned on."""

    def __init__(self, image_shape, hidden, outputs):
        super().__init__()
        self.flat = math.prod(image_shape)
        self.dense = mlp(hidden, outputs)

    def call(self, x, condition=None):
        h = keras.ops.reshape(x, [-1, self.flat])  # [B, H*W*C]
        if condition is not None:
            h = keras.ops.concatenate([h, condition], axis=-1)
        return self.dense(h)


class MLPDecoder(keras.Layer):
    """Dense layers, then the image's shape."""

    def __init__(self, image_shape, hidden):
        super().__init__()
        self.image_shape = image_shape
        self.dense = mlp(hidden[::-1], math.prod(image_shape))

    def call(self, z):
        return keras.ops.reshape(self.dense(z), [-1, *self.image_shape])


class ConvEncoder(keras.Layer):
    """Strided 3x3 convolutions, each halving the resolution; the condition joins at the end."""

    def __init__(self, image_shape, hidden, outputs):
        super().__init__()
        del image_shape
        self.convolutions = [
            keras.layers.Conv2D(channels, 3, strides=2, padding="same", activation="relu")
            for channels in hidden
        ]
        self.dense = mlp([256], outputs)

    def call(self, x, condition=None):
        for convolution in self.convolutions:
            x = convolution(x)
        h = keras.ops.reshape(x, [-1, math.prod(x.shape[1:])])
        if condition is not None:
            h = keras.ops.concatenate([h, condition], axis=-1)
        return self.dense(h)


class ConvDecoder(keras.Layer):
    """A dense layer, then transposed 3x3 convolutions, each doubling the resolution."""

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
        self.dense = mlp([256], int(np.prod(self.start)))
        self.convolutions = [
            keras.layers.Conv2DTranspose(c, 3, strides=2, padding="same", activation="relu")
            for c in hidden[-2::-1]
        ]
        self.last = keras.layers.Conv2DTranspose(
            channels, 3, strides=2, padding="same", dtype="float32"
        )

    def call(self, z):
        h = keras.ops.relu(self.dense(z))
        h = keras.ops.reshape(h, [-1, *self.start])
        for convolution in self.convolutions:
            h = convolution(h)
        return self.last(h)
