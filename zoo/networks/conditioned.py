"""Layers whose bias depends on a label."""

import keras


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

    def call(self, h, condition=None, times=1):
        """Returns [times B, ...], with h repeated; the product with h is computed once.

        Args:
          h: [B, ...].
          condition: [times B, K], or None.
          times: number of conditions for each row.
        """
        h = self.layer(h)
        if times > 1:
            h = keras.ops.tile(h, [times, *[1] * (len(h.shape) - 1)])
        if condition is not None:
            bias = self.of_condition(condition)  # [B, units]
            h += keras.ops.reshape(bias, [-1, *[1] * (len(h.shape) - 2), bias.shape[-1]])
        if self.gated:
            h, gate = keras.ops.split(h, 2, axis=-1)
            return h * keras.ops.sigmoid(gate)
        # Not relu by name: TensorFlow 2.21 fails, aloud, to fuse it with the sum before it.
        return keras.ops.maximum(h, 0)
