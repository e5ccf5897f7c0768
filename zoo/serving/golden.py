"""Golden answers: what an export answered to a fixed request when it was made.

They lie in its assets.extra. Later versions of the zoo, of TensorFlow or of a copy of the files
have to give the same.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf

from zoo import files
from zoo.errors import UserError
from zoo.inputs import Input

FILE = "golden_answers.npz"
ROWS = 2


def write(path: str | os.PathLike, signatures, inputs: dict[str, list[Input]]) -> None:
    """Writes the requests and answers of all signatures as an .npz file.

    Args:
      path: of the file.
      signatures: {name: concrete function}.
      inputs: {name: inputs of that signature}.
    """
    arrays, images = {}, None
    if "sample" in signatures:
        request = {given.name: given.example(ROWS) for given in inputs["sample"]}
        images = signatures["sample"](*map(tf.constant, request.values()))["x"].numpy()
    for name, function in signatures.items():
        request = {given.name: _rows(given, images) for given in inputs[name]}
        answer = function(*map(tf.constant, request.values()))
        arrays |= {f"{name}/input/{key}": value for key, value in request.items()}
        arrays |= {f"{name}/output/{key}": value.numpy() for key, value in answer.items()}
    with files.atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def _rows(given, images):
    """Rows of one input: samples, if there are any, where it takes images."""
    # Noise is not an image: what an encoder makes of it changes with the last bit of a product.
    if images is None or not given.is_pixels:
        return given.example(ROWS)
    return images[::-1] if given.name == "x1" else images


def read_inputs(version: pathlib.Path) -> dict[str, dict[str, np.ndarray]]:
    """Returns {signature: {input: rows}} of an export's golden answers."""
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(version / "assets.extra" / FILE) as golden:
        for key in golden:
            signature, kind, name = key.split("/")
            if kind == "input":
                found.setdefault(signature, {})[name] = golden[key]
    return found


def compare(version: pathlib.Path) -> dict[str, float]:
    """Returns {signature: difference} between golden answers and those that an export gives now.

    The difference is the largest of any number, as a share of 1 or of the largest golden number,
    whichever is more.

    Raises:
      UserError: if the export has no golden answers.
    """
    path = version / "assets.extra" / FILE
    if not path.exists():
        raise UserError(f"{version} has no golden answers: it was exported by an earlier version.")
    module, differences = tf.saved_model.load(str(version)), {}
    with np.load(path) as golden:
        for name in dict.fromkeys(key.split("/")[0] for key in golden):
            parts = {key: golden[key] for key in golden if key.startswith(f"{name}/")}
            inputs = {k.split("/")[2]: tf.constant(v) for k, v in parts.items() if "/input/" in k}
            answer = module.signatures[name](**inputs)
            differences[name] = max(
                _difference(value, answer[key.split("/")[2]].numpy())
                for key, value in parts.items()
                if "/output/" in key
            )
    return differences


def _difference(golden, now):
    finite = np.isfinite(golden)  # a scale may be infinite where no image looks like the request
    if golden.shape != now.shape or not np.array_equal(finite, np.isfinite(now)):
        return float("inf")
    golden, now = golden[finite], now[finite]
    largest = max(1.0, np.max(np.abs(golden), initial=0.0))
    return float(np.max(np.abs(golden - now), initial=0.0) / largest)
