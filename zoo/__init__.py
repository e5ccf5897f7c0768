"""Deep generative models on TensorFlow, Keras 3 and TensorFlow Probability.

zoo.entries()                        the names of what can be trained
zoo.create("cvae", latent_dim=2)     a new Keras model
zoo.load("saved_models/cvae_mnist")  an exported one, its signatures as methods
zoo.export(model, "exports")         exports a model, trained by zoo or by Keras' fit
"""

import importlib

_WHERE = {
    "UserError": "zoo.errors",
    "connect": "zoo.serving.client",
    "create": "zoo.models",
    "entries": "zoo.configs",
    "export": "zoo.serving.export",
    "load": "zoo.serving.loading",
}
__all__ = sorted(_WHERE)


def __getattr__(name):
    # Imported on first use: `--help` and flag errors should not wait for TensorFlow.
    if name not in _WHERE:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__():
    return [*__all__, "data", "models", "configs"]
