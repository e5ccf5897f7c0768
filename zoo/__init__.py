"""Deep generative models on TensorFlow, Keras 3 and TensorFlow Probability.

zoo.list_entries()                the models that can be trained, as a table
zoo.list_models()                 the trained models, as a table
zoo.create("cvae", latent_dim=2)  a new Keras model; zoo.Spec describes its data
zoo.load("cvae_mnist")            a trained model, its signatures as methods; also takes a path
zoo.draw_grid(x)                  a picture of images side by side
zoo.export(model, "exports")      exports a model, trained by the zoo or by Keras' fit
"""

import importlib

from zoo import tf_startup

_WHERE = {
    "Spec": "zoo.configs.spec",
    "UserError": "zoo.errors",
    "connect": "zoo.serving.client",
    "create": "zoo.runs.first_stage",
    "draw_grid": "zoo.drawing.images",
    "export": "zoo.serving.export",
    "list_entries": "zoo.exports.catalog",
    "list_models": "zoo.exports.catalog",
    "load": "zoo.serving.loading",
}
_MODULES = ("configs", "data", "models")
_WITHOUT_TENSORFLOW = ("Spec", "UserError", "configs", "connect", "list_entries", "list_models")
# Names of version 0.2, which go with version 0.4.
_RENAMED = {"entries": "list_entries"}
__all__ = sorted([*_WHERE, *_MODULES])


def __getattr__(name):
    # Imported on first use: `--help` and flag errors should not wait for TensorFlow.
    name = _RENAMED.get(name, name)
    if name not in __all__:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    if name not in _WITHOUT_TENSORFLOW:
        tf_startup.import_tensorflow()
    if name in _MODULES:
        return importlib.import_module(f"zoo.{name}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__():
    return __all__
