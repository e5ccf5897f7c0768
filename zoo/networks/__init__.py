"""Networks of Keras layers: encoders and decoders, generators and discriminators."""

from zoo.networks.coders import decoder, encoder

__all__ = ["decoder", "encoder"]
