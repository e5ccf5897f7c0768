"""Deep generative models on TensorFlow, Keras 3 and TensorFlow Probability.

zoo.entries()                     what can be trained, a table of names
zoo.models()                      what is trained, a table of names
zoo.create("cvae", latent_dim=2)  a new Keras model; zoo.Spec says what its data are
zoo.load("cvae_mnist")            a trained one, its signatures as methods; takes paths as well
zoo.draw_grid(x)                  a picture of images side by side
zoo.export(model, "exports")      exports a model, trained by zoo or by Keras' fit
"""

import importlib

from zoo import tf_startup

_WHERE = {
    "Spec": "zoo.spec",
    "UserError": "zoo.errors",
    "connect": "zoo.serving.client",
    "create": "zoo.models",
    "draw_grid": "zoo.drawing.images",
    "entries": "zoo.listings",
    "export": "zoo.serving.export",
    "load": "zoo.serving.loading",
}
# `zoo.models` is the package of models, and lists trained ones where it is called.
_MODULES = ("configs", "data", "models")
_WITHOUT_TENSORFLOW = ("Spec", "UserError", "configs", "connect", "entries")
__all__ = sorted([*_WHERE, *_MODULES])


def __getattr__(name):
    # Imported on first use: `--help` and flag errors should not wait for TensorFlow.
    if name not in __all__:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    if name not in _WITHOUT_TENSORFLOW:
        tf_startup.import_tensorflow()
    if name in _MODULES:
        return importlib.import_module(f"zoo.{name}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__():
    return __all__
