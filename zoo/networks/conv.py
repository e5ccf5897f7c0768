"""Encoder and decoder of strided convolutions."""

import math

import keras

from zoo.errors import UserError
from zoo.networks.conditioned import Conditioned

# Units of the dense layer between the convolutions and the code.
DENSE_UNITS = 256


def halve(image_shape: tuple[int, ...], times: int) -> tuple[int, int]:
    """Returns height and width of an image after a number of halvings.

    Raises:
      UserError: where a side is not a multiple of 2^times; names the sides that are.
    """
    height, width, _ = image_shape
    factor = 2**times
    if height % factor or width % factor:
        raise UserError(
            f"Convolutions of {times} layers make images whose sides are multiples of {factor}, "
            f"not {height}x{width}: use fewer layers or pad "
            f"(--config.image_size={factor * math.ceil(max(height, width) / factor)})."
        )
    return height // factor, width // factor


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

    def call(self, x, condition=None, times=1):
        first, *others = self.convolutions
        x = first(x, condition, times=times)
        for convolution in others:
            x = convolution(x, condition)
        h = keras.ops.reshape(x, [-1, math.prod(x.shape[1:])])
        return self.last(self.dense(h, condition))


class ConvDecoder(keras.Layer):
    """Two dense layers, then transposed 3x3 convolutions, each doubling the resolution.

    Sides that cannot be halved so often are cropped at the end.
    """

    def __init__(self, image_shape, hidden):
        super().__init__()
        self.sides = image_shape[:2]
        smallest = (-(-side // 2 ** len(hidden)) for side in self.sides)
        self.start = (*smallest, hidden[-1])
        self.dense = [
            Conditioned(keras.layers.Dense(units)) for units in (DENSE_UNITS, math.prod(self.start))
        ]
        self.convolutions = [
            Conditioned(keras.layers.Conv2DTranspose(c, 3, strides=2, padding="same"))
            for c in hidden[-2::-1]
        ]
        self.last = keras.layers.Conv2DTranspose(
            image_shape[-1], 3, strides=2, padding="same", dtype="float32"
        )

    def call(self, z, condition=None):
        for layer in self.dense:
            z = layer(z, condition)
        h = keras.ops.reshape(z, [-1, *self.start])
        for convolution in self.convolutions:
            h = convolution(h, condition)
        height, width = self.sides
        return self.last(h)[:, :height, :width]

    def set_output_bias(self, image):
        self.last.bias.assign(image.mean((0, 1)))
