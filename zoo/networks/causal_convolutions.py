"""Causal convolutions: outputs for every pixel of an image that depend on those before it alone.

Van den Oord et al. 2016, Conditional Image Generation with PixelCNN Decoders (arXiv 1606.05328),
section 2: a vertical stack sees the rows above, a horizontal stack the pixels to the left and the
vertical stack, so that there is no blind spot. Both are gated, tanh(a) sigmoid(b). Each layer adds
a row above and a square on each side to what a pixel depends on.

No kernel is masked here: kernels are cut to the part that a mask would leave, and inputs are padded
on one side. A vertical kernel covers the pixel's row and the one above, of inputs moved down by a
row; a horizontal one the pixel and the one to its left, of inputs moved right by a pixel:

    vertical  o o o    horizontal
              o x o               o x

Squares of `block` x `block` pixels are one position of the network, whose pixels a small head
draws in turn, each given the position and the pixels of the square before it. This is exact as
well, since the pixels may have any order. With block = 2 there are a quarter of the positions to
convolve and to draw; block = 1 is the paper's. Not in the paper are features and biases of each
place, since images are centred, and a hidden layer in the head.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from zoo.distributions.likelihood import Likelihood


class Context(NamedTuple):
    """What all pixels are given besides those before them; B may be 1 where it is the same for all.

    Attributes:
      squares: features of each square, [B, h, w, width], added to those of the pixels above.
      outputs: added to the outputs of each pixel, [B, H, W, P].
      gates: for each layer, what is added before the gates of the vertical and of the horizontal
        stack, [B, 1, 1, 2 width]; none if empty.
    """

    squares: tf.Tensor
    outputs: tf.Tensor
    gates: tuple[tuple[tf.Tensor, tf.Tensor], ...] = ()


class GatedBlock(keras.Layer):
    """One layer of both stacks, on inputs that are padded already.

    Both are sums around the layer; in the paper only the horizontal one is.
    """

    def __init__(self, width: int):
        super().__init__()
        self.vertical = keras.layers.Conv2D(2 * width, (2, 3))
        self.horizontal = keras.layers.Conv2D(2 * width, (1, 2))
        self.across = keras.layers.Dense(2 * width)
        self.last = keras.layers.Dense(width)

    def down(self, v, label_bias):
        """Vertical stack [B, h, w, C] of v [B, h + 1, w + 2, C], and its input to the other."""
        gated = _gate(self.vertical(v) + label_bias)
        return v[:, 1:, 1:-1] + gated, self.across(gated)

    def right(self, h, from_above, label_bias):
        """Horizontal stack [B, h, w, C] of h [B, h, w + 1, C]."""
        return h[:, :, 1:] + self.last(_gate(self.horizontal(h) + from_above + label_bias))


def _gate(x):
    a, b = ops.split(x, 2, -1)
    return ops.tanh(a) * ops.sigmoid(b)


class Head(keras.Layer):
    """Outputs of one pixel of a square, from its position and the square's pixels before it."""

    def __init__(self, width: int, outputs: int):
        super().__init__()
        self.hidden = keras.layers.Dense(width)
        self.last = keras.layers.Dense(outputs, dtype="float32")

    def call(self, features):
        return self.last(ops.silu(self.hidden(features)))


class CausalConvolutions(keras.Layer):
    """Parameters of a likelihood of pixels, each given the pixels before it and a context."""

    def __init__(self, likelihood: Likelihood, width: int, depth: int, block: int, head_width: int):
        super().__init__()
        self.likelihood, self.width, self.block = likelihood, width, block
        self.built = True  # its layers are built when they are first called; it has no call
        self.first_vertical = keras.layers.Conv2D(width, (2, 3))
        self.first_horizontal = keras.layers.Conv2D(width, (1, 2))
        self.blocks = [GatedBlock(width) for _ in range(depth)]
        self.heads = [Head(head_width, likelihood.per_pixel) for _ in range(block**2)]

    # --- All pixels at once -----------------------------------------------------------------

    def params(self, x, context):
        """Returns the parameters of all pixels of x [B, H, W, C], [B, H, W, P]."""
        return self._from_squares(tf.concat(self._outputs(x, context), -1))

    def log_prob(self, x, context):
        """Returns log p(x | context) [B]."""
        # Pixel by pixel of a square: to put the parameters of all into one image takes time.
        pixels = tf.split(self.to_squares(x), len(self.heads), -1)
        of_pixels = [
            self.likelihood.log_prob_of_pixels(params, pixel)
            for params, pixel in zip(self._outputs(x, context), pixels, strict=True)
        ]
        return tf.reduce_sum(of_pixels, [0, 2, 3])

    def _outputs(self, x, context):
        """Returns the parameters of each pixel of the squares, [B, h, w, P] each."""
        u = self._embed(self.to_squares(x))
        v = self.first_vertical(_pad(u[:, :-1], top=2, left=1, right=1))  # moved down by a row
        v += ops.cast(context.squares, v.dtype)
        h = self.first_horizontal(_pad(u[:, :, :-1], left=2)) + v  # moved right by a square
        for block, (of_v, of_h) in zip(self.blocks, self._gates(context), strict=True):
            v, from_above = block.down(_pad(v, top=1, left=1, right=1), of_v)
            h = block.right(_pad(h, left=1), from_above, of_h)
        size = self.likelihood.features_size
        before = (u[..., : i * size] for i in range(len(self.heads)))
        return [
            head(ops.concatenate([h, ops.cast(values, h.dtype)], -1)) + bias
            for head, values, bias in zip(self.heads, before, self._biases(context), strict=True)
        ]

    # --- Pixel by pixel ---------------------------------------------------------------------

    # A function of the graph: an export holds its loops once for all signatures that draw.
    @functools.partial(tf.function, autograph=False)
    def generate(self, x, mask, noise, context):
        """Returns x with the pixels where `mask` is 0 drawn, square by square.

        A kernel sees two rows and two squares: that is all that is kept.

        Args:
          x: [B, H, W, C].
          mask: [B, H, W, 1], 1 where a pixel of x is kept.
          noise: uniform in [0, 1), [B, H, W, noise_size].
          context: what the pixels are given.
        """
        given, keep, noise = (self.to_squares(a) for a in (x, mask, noise))
        rows, columns = given.shape[1:3]
        features = len(self.heads) * self.likelihood.features_size + 1
        width, gates, biases = self.width, self._gates(context), self._biases(context)
        none = tf.zeros_like(x[:, :1, :1, :1])

        def nothing(columns, channels, dtype=self.compute_dtype):
            return tf.cast(none + tf.zeros([1, 1, columns, channels]), dtype)

        def draw_row(i, above_u, above_v, drawn):
            v = self.first_vertical(_pad(above_u, left=1, right=1))  # [B, 1, columns, C]
            v += ops.cast(context.squares[:, i, None], v.dtype)
            start, from_above, next_above = v, [], []
            for block, above, (of_v, _) in zip(self.blocks, above_v, gates, strict=True):
                next_above.append(_pad(v, left=1, right=1))
                v, across = block.down(tf.concat([above, next_above[-1]], 1), of_v)
                from_above.append(across)

            def draw_square(j, left_u, left_h, squares):
                h = self.first_horizontal(left_u) + _column(start, j)  # [B, 1, 1, C]
                next_left = []
                for block, left, across, (_, of_h) in zip(
                    self.blocks, left_h, from_above, gates, strict=True
                ):
                    next_left.append(h)
                    h = block.right(tf.concat([left, h], 2), _column(across, j), of_h)
                now = (a[:, i, j] for a in (given, keep, noise))
                bias = [of_pixel[:, i, j] for of_pixel in biases]
                square = self._draw_square(h, bias, *now)
                left_u = tf.concat([left_u[:, :, 1:], self._embed(square)], 2)
                return j + 1, left_u, next_left, squares.write(j, square[:, 0, 0])

            squares = tf.TensorArray(tf.float32, columns, element_shape=given[:, 0, 0].shape)
            left_h = [nothing(1, width)] * len(self.blocks)
            state = (0, nothing(2, features, tf.float32), left_h, squares)
            squares = tf.while_loop(lambda j, *_: j < columns, draw_square, state)[-1]
            row = tf.transpose(squares.stack(), [1, 0, 2])[:, None]  # [B, 1, columns, block^2 C]
            above_u = tf.concat([above_u[:, 1:], self._embed(row)], 1)
            return i + 1, above_u, next_above, drawn.write(i, row[:, 0])

        drawn = tf.TensorArray(tf.float32, rows, element_shape=given[:, 0].shape)
        above_u = tf.concat([nothing(columns, features, tf.float32)] * 2, 1)
        above_v = [nothing(columns + 2, width)] * len(self.blocks)
        state = (0, above_u, above_v, drawn)
        drawn = tf.while_loop(lambda i, *_: i < rows, draw_row, state)[-1]
        return self._from_squares(tf.transpose(drawn.stack(), [1, 0, 2, 3]))

    def _draw_square(self, h, bias, given, keep, noise):
        """Returns the pixels of a square, drawn in turn, [B, 1, 1, block^2 C].

        Args:
          h: features of the position, [B, 1, 1, width].
          bias: of the outputs of each pixel, [B, P] each.
          given: pixels to keep, [B, block^2 C].
          keep: [B, block^2], 1 for those.
          noise: uniform, [B, block^2 noise_size].
        """
        count = len(self.heads)
        given, noise = tf.split(given, count, 1), tf.split(noise, count, 1)
        pixels: list[tf.Tensor] = []
        for i, head in enumerate(self.heads):
            before = (self.likelihood.features(pixel)[:, None, None] for pixel in pixels)
            params = head(ops.concatenate([h, *before], -1))[:, 0, 0] + bias[i]
            drawn = self.likelihood.draw(params, noise[i])
            pixels.append(tf.where(keep[:, i : i + 1] > 0.5, given[i], drawn))
        return tf.concat(pixels, 1)[:, None, None]

    # --- Parts ------------------------------------------------------------------------------

    def to_squares(self, x):
        """Returns [B, H, W, C] as [B, H / block, W / block, block^2 C]."""
        return x if self.block == 1 else tf.nn.space_to_depth(x, self.block)

    def _from_squares(self, x):
        return x if self.block == 1 else tf.nn.depth_to_space(x, self.block)

    def _embed(self, squares):
        """Returns the features of pixels [B, h, w, block^2 C], pixel after pixel, and ones.

        The ones tell squares from the padding around the image.
        """
        pixels = tf.split(squares, len(self.heads), -1)
        features = [self.likelihood.features(pixel) for pixel in pixels]
        return tf.concat([*features, tf.ones_like(squares[..., :1])], -1)

    def _gates(self, context):
        return context.gates or [(0.0, 0.0)] * len(self.blocks)

    def _biases(self, context):
        """Returns what is added to the outputs of each pixel of the squares, [B, h, w, P] each."""
        return tf.split(self.to_squares(context.outputs), len(self.heads), -1)


def block_problems(block: int, shape: tuple[int, ...], field: str = "block") -> Iterator[str]:
    """Yields a sentence with a remedy if images [H, W, C] do not consist of whole squares."""
    if len(shape) == 3 and any(size % block for size in shape[:2]):
        height, width, _ = shape
        size = block * -(-max(height, width) // block)
        yield (
            f"{field}={block} takes images whose sides are multiples of {block}, not "
            f"{height}x{width}: choose --config.{field}=1, or --config.image_size={size}."
        )


def _column(x, j):
    """Column j of [B, H, W, C] as [B, H, 1, C]."""
    return tf.gather(x, [j], axis=2)


def _pad(x, top=0, left=0, right=0):
    """Adds rows and columns of zeros to [B, H, W, C]."""
    return tf.pad(x, [[0, 0], [top, 0], [left, right], [0, 0]])
