"""The inputs of signatures: name, shape, dtype, limits, an example and what they are.

Models, loader, client, cards, warm-up requests and golden answers read them here. No TensorFlow.
"""

from typing import Any, NamedTuple

import numpy as np

from zoo.configs.spec import Spec
from zoo.errors import UserError

# In which order signatures take their inputs, for callers that only know the names.
ORDER = {
    "sample": ("seed", "y"),
    "sample_cluster": ("seed", "cluster"),
    "sample_fast": ("seed", "y"),
    "sample_guided": ("seed", "y", "guidance"),
    "trajectory": ("seed", "t", "y"),
    "complete": ("x", "mask", "seed", "y"),
    "redraw": ("x", "level", "seed"),
    "score": ("x", "y", "seed"),
    "encode": ("x", "y"),
    "reconstruct": ("x", "y"),
    "discriminate": ("x", "y"),
    "decode": ("tokens", "z", "y"),
    "interpolate": ("x0", "x1", "t", "y"),
    "restyle": ("x", "y", "y_new"),
    "morph": ("z", "y", "y_new", "t"),
}


class Input(NamedTuple):
    """One input of a signature.

    Attributes:
      name: of the input.
      shape: of one row; a request has [B, *shape].
      dtype: "float32" or "int32".
      low: the lowest value; None if there is none.
      high: the highest value; None if there is none.
      about: what it is, for a card.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float | None = None
    high: float | None = None
    about: str = ""

    @classmethod
    def from_fields(cls, name: str, fields: dict[str, Any]) -> "Input":
        """Returns the input that a config.json holds."""
        return cls(name, **{**fields, "shape": tuple(fields["shape"])})

    def to_fields(self) -> dict[str, Any]:
        """Returns all but the name, as JSON has it."""
        fields = self._asdict()
        del fields["name"]
        return {**fields, "shape": list(self.shape)}

    @property
    def is_label(self) -> bool:
        return self.name in ("y", "y_new")

    @property
    def is_pixels(self) -> bool:
        return self.name in ("x", "x0", "x1") and len(self.shape) == 3

    def example(self, rows: int) -> np.ndarray:
        """Returns rows within the limits, the same ones at each call, others for each name."""
        rng = np.random.default_rng(list(self.name.encode()))
        shape = (rows, *self.shape)
        if self.dtype == "int32":
            high = 1000 if self.high is None else self.high
            values = np.arange(high + 1, dtype=np.int32)
            return np.resize(np.roll(values, -1 if self.name == "y_new" else 0), shape)
        if self.name == "t":
            return rng.uniform(size=shape).astype(np.float32)
        if self.high is None:
            return rng.normal(size=shape).astype(np.float32)
        return rng.uniform(self.low or 0.0, self.high, shape).astype(np.float32)

    def range(self) -> str:
        """Returns the limits in words."""
        if self.is_pixels:
            return "[0, 1]: divide bytes by 255"
        return f"{self.low} .. {self.high}"

    def to_array(self, signature: str, value, spec: Spec) -> np.ndarray:
        """Returns rows that a person gave, as the signature takes them.

        Names of classes become labels, bytes pixels.

        Raises:
          UserError: for another type or shape, or values out of range; names what was expected.
        """
        array = np.asarray(value)
        if self.is_label and array.dtype.kind in "US":
            array = np.array([spec.label(str(name)) for name in array.flat], np.int32)
        if self.is_pixels and array.dtype == np.uint8:
            array = array / np.float32(255)
        if len(self.shape) == 3 and array.ndim == 3 and self.shape[-1] == 1:
            array = array[..., None]  # grey images and masks without their axis of one channel
        self._check_type(signature, array)
        if array.size and self.dtype == "float32" and not np.all(np.isfinite(array)):
            raise UserError(f"{signature}: {self.name} has values that are NaN or infinite.")
        self._check_range(signature, array)
        if array.ndim != 1 + len(self.shape) or array.shape[1:] != self.shape:
            expected = ", ".join(["B", *map(str, self.shape)])
            raise UserError(
                f"{signature}: {self.name} has shape [{expected}], given {list(array.shape)}."
            )
        return array.astype(self.dtype)

    def _check_type(self, signature, array):
        if self.is_pixels and array.dtype.kind in "iu":
            raise UserError(
                f"{signature}: {self.name} takes bytes (uint8) or floats in [0, 1], given "
                f"{array.dtype}."
            )
        kinds, expected = ("iu", "whole numbers") if self.dtype == "int32" else ("biuf", "numbers")
        if array.size and array.dtype.kind not in kinds:
            raise UserError(f"{signature}: {self.name} takes {expected}, given {array.dtype}.")

    def _check_range(self, signature, array):
        low, high = self.low, self.high
        if self.dtype == "int32":  # whatever 64 bits hold
            low = np.iinfo(np.int32).min if low is None else low
            high = np.iinfo(np.int32).max if high is None else high
        if not array.size or low is None or (array.min() >= low and array.max() <= high):
            return
        if self.is_pixels:
            raise UserError(
                f"{signature}: {self.name} has pixels from {array.min():g} to {array.max():g}, "
                "expected floats in [0, 1], or bytes: divide by 255, or give uint8."
            )
        wrong = array[(array < low) | (array > high)].flat[0]
        what = f"label {self.name}" if self.is_label else self.name
        raise UserError(f"{signature}: {what}={wrong} is out of range: expected {low} .. {high}.")


class Sizes(NamedTuple):
    """Sizes of a model's inputs, beside those of its spec; 0 for what it does not have.

    Attributes:
      latent_dim: of z.
      num_clusters: number of clusters.
      num_levels: number of levels of codes.
      grid: shape of the tokens of an image.
      num_tokens: number of different tokens.
    """

    latent_dim: int = 0
    num_clusters: int = 0
    num_levels: int = 0
    grid: tuple[int, ...] = ()
    num_tokens: int = 0


def build(names, spec: Spec, sizes: Sizes = Sizes()) -> list[Input]:  # noqa: B008
    """Returns the inputs of a signature by their names.

    Args:
      names: of x, x0, x1, mask, y, y_new, cluster, level, z, tokens, t, guidance and seed.
      spec: of the model.
      sizes: of the model.
    """
    images = len(spec.shape) == 3
    low, high = (0.0, 1.0) if images else (None, None)
    what = "image" if images else "row"
    labels, clusters = (0, spec.num_classes - 1), (0, sizes.num_clusters - 1)
    known = [
        Input("x", spec.shape, "float32", low, high, what),
        Input("x0", spec.shape, "float32", low, high, f"{what} at t = 0"),
        Input("x1", spec.shape, "float32", low, high, f"{what} at t = 1"),
        Input("mask", (*spec.shape[:-1], 1), "float32", 0.0, 1.0, "1 where pixels are kept"),
        Input("y", (), "int32", *labels, "label"),
        Input("y_new", (), "int32", *labels, "label to show instead"),
        Input("cluster", (), "int32", *clusters, "cluster"),
        Input("level", (), "int32", 0, sizes.num_levels, "number of upper levels to keep"),
        Input("z", (sizes.latent_dim,), "float32", about="code"),
        Input("tokens", sizes.grid, "int32", 0, sizes.num_tokens - 1, "grid of tokens"),
        Input(
            "t",
            (),
            "float32",
            about="position, 0 to 1: between two inputs, or from noise to sample",
        ),
        Input(
            "guidance",
            (),
            "float32",
            0.0,
            10.0,
            "weight of the label: 0 ignores it, 1 is the model as trained, more exaggerates it",
        ),
        Input("seed", (), "int32", about="random seed; determines all sampling noise"),
    ]
    by_name = {given.name: given for given in known}
    return [by_name[name] for name in names]
