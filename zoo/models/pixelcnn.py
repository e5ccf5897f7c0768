"""PixelCNN: each pixel given all those before it, row by row, by causal convolutions.

Van den Oord et al. 2016, Conditional Image Generation with PixelCNN Decoders (arXiv 1606.05328),
equation 2, with the label y given to the gates of every layer (equation 4):

    p(x|y) = prod_i p(x_i | x_1 .. x_(i-1), y)

What the paper's masks do, zoo/networks/causal_convolutions.py explains.
"""

import keras

from zoo.models.autoregressive import Autoregressive
from zoo.networks import causal_convolutions
from zoo.networks.causal_convolutions import CausalConvolutions, Context


class PixelCNN(Autoregressive):
    """p(x|y) by gated convolutions over squares of pixels."""

    convolutional = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        height, width, _ = spec.shape
        # Images are centred: much depends on the place alone.
        self.places = self.add_weight(
            name="places",
            shape=(height // config.block, width // config.block, config.width),
            initializer="zeros",
        )
        self.bias = self.add_weight(
            name="bias", shape=(height, width, self.likelihood_layer.per_pixel), initializer="zeros"
        )
        self.network = CausalConvolutions(
            self.likelihood_layer, config.width, config.depth, config.block, config.head_width
        )
        self.label_biases = [
            keras.layers.Dense(2 * config.width, use_bias=False)
            for _ in range(2 * config.depth if self.conditional else 0)
        ]

    def params(self, x, y):
        return self.network.params(x, self.context(y))

    def log_prob(self, x, y=None):
        return self.network.log_prob(x, self.context(y))

    def generate(self, x, mask, noise, choice, y):
        return self.network.generate(x, mask, noise, self.context(y))

    def context(self, y):
        """Returns what all pixels are given: their place and the label."""
        label = self.label(y)
        gates = [layer(label)[:, None, None] for layer in self.label_biases]
        pairs = tuple(zip(gates[::2], gates[1::2], strict=True))
        return Context(self.places.value[None], self.bias.value[None], pairs)

    def set_output_bias(self, outputs):
        self.bias.assign(outputs)

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        yield from causal_convolutions.block_problems(config.block, spec.shape)
