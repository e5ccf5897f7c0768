"""Encoder and decoder of VQ-VAE: images [B, H, W, C] to grids of vectors [B, h, w, D] and back.

Van den Oord et al. 2017 (arXiv 1711.00937), section 4.1: strided 4x4 convolutions, then residual
blocks of a 3x3 and a 1x1 convolution; the decoder has the same in reverse.
"""

import keras
from keras import ops


class Residual(keras.Layer):
    """h + 1x1(relu(3x3(relu(h))))."""

    def __init__(self, channels: int):
        super().__init__()
        self.wide = keras.layers.Conv2D(channels, 3, padding="same")
        self.last = keras.layers.Conv2D(channels, 1)

    def call(self, h):
        return h + self.last(ops.relu(self.wide(ops.relu(h))))


class GridEncoder(keras.Layer):
    """Vectors of `dim` numbers, each from a square of 2^halvings pixels and its surroundings.

    Args:
      width: channels after the first convolution; twice as many after the others.
      depth: number of residual blocks.
      halvings: number of strided convolutions.
      dim: of a vector.
    """

    def __init__(self, width: int, depth: int, halvings: int, dim: int):
        super().__init__()
        self.strided = [
            keras.layers.Conv2D(channels, 4, strides=2, padding="same")
            for channels in _channels(width, halvings)
        ]
        self.blocks = [Residual(2 * width) for _ in range(depth)]
        self.last = keras.layers.Conv2D(dim, 1)

    def call(self, x):
        h = 2 * x - 1
        for layer in self.strided[:-1]:
            h = ops.relu(layer(h))
        h = self.strided[-1](h)
        for block in self.blocks:
            h = block(h)
        return self.last(ops.relu(h))


class GridDecoder(keras.Layer):
    """Outputs for each pixel [B, H, W, outputs] of vectors [B, h, w, dim]; see GridEncoder."""

    def __init__(self, width: int, depth: int, halvings: int, outputs: int):
        super().__init__()
        self.first = keras.layers.Conv2D(2 * width, 3, padding="same")
        self.blocks = [Residual(2 * width) for _ in range(depth)]
        channels = (*_channels(width, halvings)[-2::-1], outputs)
        self.strided = [
            keras.layers.Conv2DTranspose(count, 4, strides=2, padding="same") for count in channels
        ]

    def call(self, e):
        h = self.first(e)
        for block in self.blocks:
            h = block(h)
        for layer in self.strided:
            h = layer(ops.relu(h))
        return h

    def set_output_bias(self, outputs):
        """Sets the last biases to the mean of outputs [H, W, outputs]."""
        self.strided[-1].bias.assign(outputs.mean((0, 1)))


def _channels(width, halvings):
    """Channels of the encoder's strided convolutions."""
    return [width, *[2 * width] * (halvings - 1)] if halvings > 1 else [2 * width]
