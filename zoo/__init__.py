"""Deep generative models on TensorFlow, Keras 3 and TensorFlow Probability.

    zoo.entries()                       the names of what can be trained
    zoo.create("cvae", latent_dim=2)    a new Keras model
    zoo.load("saved_models/cvae_mnist") an exported one, its signatures as methods
"""

from zoo.configs import entries
from zoo.errors import UserError
from zoo.models import create

__all__ = ["UserError", "create", "entries"]
