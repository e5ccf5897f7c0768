"""Keras' global state, which the zoo's models do not depend on."""

import contextlib
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state

# Where Keras counts the names of layers that it has given; it has no public name.
NAMES = "object_name_uids"


@contextlib.contextmanager
def settings(**values: str) -> Iterator[None]:
    """Sets keras.config's dtype_policy, floatx or image_data_format while the body runs."""
    before = {name: getattr(keras.config, name)() for name in values}
    try:
        for name, value in values.items():
            getattr(keras.config, f"set_{name}")(value)
        yield
    finally:
        for name, value in before.items():
            getattr(keras.config, f"set_{name}")(value)


@contextlib.contextmanager
def new_names() -> Iterator[None]:
    """Names layers as in a new process while the body runs.

    TensorFlow's graph optimiser orders the terms of sums by name. Were layers numbered over all
    models of a process, the last bits of a model's gradients would depend on models made before.
    """
    before = global_state.get_global_attribute(NAMES)
    global_state.set_global_attribute(NAMES, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(NAMES, before)
