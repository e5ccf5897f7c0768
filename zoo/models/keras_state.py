"""Keras' global settings, which the zoo's models do not depend on."""

import contextlib
from collections.abc import Iterator

import keras


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
