"""Encoders and decoders: images [B, H, W, C] to vectors [B, units] and back.

The last layer of each computes in float32 whatever the precision of the rest, because its output
is the parameters of a distribution.
"""

from collections.abc import Sequence

from zoo.networks.conv import ConvDecoder, ConvEncoder
from zoo.networks.mlp import MLPDecoder, MLPEncoder


def encoder(kind: str, image_shape: tuple[int, int, int], hidden: Sequence[int], outputs: int):
    """Returns a layer that maps ([B, H, W, C], [B, K] or None) to [B, outputs].

    Called with `times=n`, it maps ([B, H, W, C], [n B, K]) to [n B, outputs]: all images with the
    first B conditions, then all with the next.

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

    Its method `set_output_bias(image)` sets the last biases so that outputs are close to an image.
    """
    if kind == "conv":
        return ConvDecoder(image_shape, hidden)
    return MLPDecoder(image_shape, hidden, gated=kind == "gated")
