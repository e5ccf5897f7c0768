"""MADE: masked dense layers give every pixel's distribution given all those before it.

Germain et al. 2015, MADE: Masked Autoencoder for Distribution Estimation (arXiv 1502.03509). Pixels
have ranks 1 .. D in some order, and each hidden unit a degree. A weight is kept if its input's rank
or degree is at most that of the unit it feeds (equation 12), and in the last layer if it is below
the rank of the pixel it feeds (equation 13): every path from pixel i to the outputs of pixel j
has rank i < rank j. Weights straight from the pixels to the outputs have the last layer's mask:
they take the nearest neighbours into account, of which few hidden units know. Likelihoods of bytes
have too many outputs for them.

The order is that of rows from the top left, or drawn at random. With several masks, each training
step takes the next set of order and degrees (section 4.2, 4.3), and the model is the mixture of
all, p(x) = 1/M sum_m p_m(x), which is exact as well.
"""

import itertools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo.models.autoregressive import LIKELIHOODS, Autoregressive

# Most weights of a model; Adam takes three times as many numbers.
MOST_WEIGHTS = 10**8


class MaskedDense(keras.Layer):
    """A dense layer whose weights lead only from degrees `before` to at least as high ones."""

    def __init__(self, inputs: int, units: int, use_bias: bool = True):
        super().__init__()
        self.kernel = self.add_weight(name="kernel", shape=(inputs, units))
        self.bias = (
            self.add_weight(name="bias", shape=(units,), initializer="zeros") if use_bias else None
        )

    def call(self, h, before, after):
        # Made of the degrees in the graph: as a constant it would be as large as the kernel.
        mask = ops.cast(before[:, None] <= after, "float32")
        h = ops.matmul(h, self.kernel * mask)
        return h if self.bias is None else h + self.bias


class MADE(Autoregressive):
    """p(x|y) by dense layers on all pixels."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        *sides, self.channels = spec.shape
        self.pixels = math.prod(sides)
        rng = np.random.default_rng(config.seed)
        # [M, D] ranks from 1, and for each hidden layer [M, units] degrees from 1 to D - 1.
        self.ranks = np.stack([self._draw_order(rng) for _ in range(config.masks)])
        # Layers of the same width have the same, so that sums around them are allowed.
        of_width = {units: self._draw_degrees(rng, units) for units in dict.fromkeys(config.hidden)}
        self.degrees = [of_width[units] for units in config.hidden]
        sizes = [self.pixels * self.channels, *config.hidden]
        self.hidden = [MaskedDense(a, b) for a, b in itertools.pairwise(sizes)]
        outputs = self.pixels * self.likelihood_layer.per_pixel
        self.of_label = [
            keras.layers.Dense(units, use_bias=False)
            for units in ((*config.hidden, outputs) if self.conditional else ())
        ]
        self.last = MaskedDense(sizes[-1], outputs)
        self.direct = []
        if _has_direct(self.likelihood_layer, spec):
            self.direct = [MaskedDense(sizes[0], outputs, use_bias=False)]
        self.num_orders = config.masks

    def _draw_order(self, rng):
        ranks = np.arange(1, self.pixels + 1, dtype=np.int32)
        return rng.permutation(ranks) if self.config.order == "random" else ranks

    def _draw_degrees(self, rng, units):
        """Evenly spread for a single mask, else drawn for each."""
        highest = max(self.pixels - 1, 1)
        if self.config.masks == 1:
            return (1 + np.arange(units, dtype=np.int32) * highest // units)[None]
        return rng.integers(1, highest + 1, (self.config.masks, units), np.int32)

    # --- All pixels at once -----------------------------------------------------------------

    def params(self, x, y, m=0):
        """Returns the outputs [B, H, W, P] under the mask with number m."""
        label, ranks = self.label(y), tf.gather(self.ranks, m)
        pixels = h = ops.reshape(2 * x - 1, [-1, self.pixels * self.channels])
        before = of_pixels = tf.repeat(ranks, self.channels)
        for i, layer in enumerate(self.hidden):
            after = tf.gather(self.degrees[i], m)
            now = layer(h, before, after)
            now = now if label is None else now + self.of_label[i](label)
            h, before = ops.relu(now) + (h if self._is_residual(i) else 0), after
        below = tf.repeat(ranks - 1, self.likelihood_layer.per_pixel)
        outputs = self.last(h, before, below)
        outputs += sum(layer(pixels, of_pixels, below) for layer in self.direct)
        outputs += 0 if label is None else self.of_label[-1](label)
        return tf.reshape(outputs, [-1, *self.spec.shape[:-1], self.likelihood_layer.per_pixel])

    def _is_residual(self, i):
        return i > 0 and self.config.hidden[i] == self.config.hidden[i - 1]

    def log_prob(self, x, y=None):
        of_masks = [self._log_prob(x, y, m) for m in range(self.config.masks)]
        return tf.reduce_logsumexp(tf.stack(of_masks), 0) - math.log(self.config.masks)

    def _log_prob(self, x, y, m):
        return self.likelihood_layer.distribution(self.params(x, y, m)).log_prob(x)

    def loss_terms(self, batch, seed, training=False):
        if training:  # one mask after another
            m = self.step % self.config.masks
            return {"loss": -self._log_prob(batch["x"], batch["y"], m)}
        return super().loss_terms(batch, seed)

    # --- Pixel by pixel ---------------------------------------------------------------------

    def generate(self, x, mask, noise, choice, y):
        """See Autoregressive. With several masks, `choice` says which one a row is drawn with."""
        count = self.config.masks
        if count == 1:
            # Kept pixels as they were given, to the last bit.
            return tf.where(mask > 0.5, x, self._generate(x, mask, noise, y, 0))
        chosen = tf.cast(choice * count, tf.int32)

        def body(m, kept):
            mine = tf.reshape(chosen == m, [-1, *[1] * len(self.spec.shape)])
            return m + 1, tf.where(mine, self._generate(x, mask, noise, y, m), kept)

        return tf.while_loop(lambda m, _: m < count, body, (0, tf.zeros_like(x)))[1]

    def _generate(self, x, mask, noise, y, m):
        """Computes each hidden unit once: as soon as the pixels that it depends on are known.

        Pixels and units that are not known yet are 0, so that no weight has to be masked. All are
        kept as rows [units, B], which are fast to gather and to write.
        """
        kernels = [tf.transpose(layer.kernel) for layer in (*self.hidden, self.last)]
        direct = [tf.transpose(layer.kernel) for layer in self.direct]
        biases = [layer.bias.value[:, None] for layer in (*self.hidden, self.last)]
        label = self.label(y)
        for i, layer in enumerate(self.of_label):
            biases[i] += tf.transpose(layer(label))  # [units, B]
        order = tf.argsort(tf.gather(self.ranks, m))
        units = [tf.gather(table, m) for table in self._units_by_degree()]  # [D, most] each
        outputs = self.likelihood_layer.per_pixel
        noise = tf.reshape(noise, [-1, self.pixels, self.likelihood_layer.noise_size])
        flat = tf.reshape(2 * x - 1, [-1, self.pixels, self.channels])
        keep = tf.reshape(mask, [-1, self.pixels, 1]) > 0.5
        none = tf.zeros_like(flat[:, :1, 0])  # [B, 1]

        def rows(count):
            return tf.transpose(none) + tf.zeros([count, 1])

        def body(rank, known, *layers):
            pixel = order[rank - 1]
            wanted = pixel * outputs + tf.range(outputs)
            params = tf.gather(kernels[-1], wanted) @ (layers[-1][:-1] if layers else known)
            params += sum(tf.gather(kernel, wanted) @ known for kernel in direct)
            params = tf.transpose(params + tf.gather(biases[-1], wanted))  # [B, P]
            drawn = 2 * self.likelihood_layer.draw(params, noise[:, pixel]) - 1
            value = tf.where(keep[:, pixel], flat[:, pixel], drawn)  # [B, C]
            places = pixel * self.channels + tf.range(self.channels)
            known = tf.tensor_scatter_nd_update(known, places[:, None], tf.transpose(value))
            before, now = known, []
            for i, layer in enumerate(layers):
                new = units[i][rank - 1]  # numbers of the units of this degree
                inside = tf.minimum(new, tf.shape(kernels[i])[0] - 1)
                h = tf.gather(kernels[i], inside) @ before + tf.gather(biases[i], inside)
                h = tf.nn.relu(h) + (tf.gather(before, inside) if self._is_residual(i) else 0.0)
                now.append(tf.tensor_scatter_nd_update(layer, new[:, None], h))
                before = now[-1][:-1]
            return rank + 1, known, *now

        # A row more for the numbers that fill up `units`.
        layers = [rows(size + 1) for size in self.config.hidden]
        state = (1, rows(self.pixels * self.channels), *layers)
        known = tf.while_loop(lambda rank, *_: rank <= self.pixels, body, state)[1]
        return tf.reshape((tf.transpose(known) + 1) / 2, [-1, *self.spec.shape])

    def _units_by_degree(self):
        """For each hidden layer the numbers of its units of each degree, int32 [M, D, most].

        Filled up with the number of units.
        """
        tables = []
        for degrees in self.degrees:
            count = degrees.shape[1]
            found = [
                [np.flatnonzero(row == rank) for rank in range(1, self.pixels + 1)]
                for row in degrees
            ]
            most = max(len(units) for row in found for units in row)
            table = np.full([len(degrees), self.pixels, most], count, np.int32)
            for row, of_row in zip(table, found, strict=True):
                for units, numbers in zip(row, of_row, strict=True):
                    units[: len(numbers)] = numbers
            tables.append(table)
        return tables

    def set_output_bias(self, outputs):
        self.last.bias.assign(outputs.reshape(-1))

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        if len(spec.shape) != 3:
            return
        likelihood = LIKELIHOODS[config.likelihood](config, spec)
        outputs = math.prod(spec.shape[:-1]) * likelihood.per_pixel
        sizes = [math.prod(spec.shape), *config.hidden, outputs]
        weights = sum(a * b for a, b in itertools.pairwise(sizes))
        weights += sizes[0] * outputs * _has_direct(likelihood, spec)
        if weights > MOST_WEIGHTS:
            yield (
                f"{config.model!r} would have {weights:,} weights on images of "
                f"{'x'.join(map(str, spec.shape))}, more than {MOST_WEIGHTS:,}: choose "
                "--model=pixelcnn, fewer units in --config.hidden, or a smaller "
                "--config.image_size."
            )


def _has_direct(likelihood, spec):
    """Whether there are weights straight from the pixels to the outputs."""
    return likelihood.per_pixel == spec.shape[-1]
