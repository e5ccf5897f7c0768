"""Golden answers: the answers of an export to fixed requests, recorded when it was made.

Later versions of the zoo or of TensorFlow, and copies of the files, must give the same answers.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import files
from zoo.errors import UserError
from zoo.exports.folder import GOLDEN_ANSWERS
from zoo.exports.signature_inputs import Input

ROWS = 2


def write_answers(
    path: str | os.PathLike, signatures, inputs: dict[str, list[Input]], unsteady=frozenset()
) -> None:
    """Writes the requests and answers of signatures as an .npz file.

    Args:
      path: of the file.
      signatures: {name: concrete function}.
      inputs: {name: inputs of that signature}.
      unsteady: names of signatures that are left out.
    """
    arrays, images = {}, None
    if "sample" in signatures:
        request = {given.name: given.example(ROWS) for given in inputs["sample"]}
        images = signatures["sample"](*map(tf.constant, request.values()))["x"].numpy()
    for name, function in signatures.items():
        if name in unsteady:
            continue
        request = {given.name: _rows(given, images) for given in inputs[name]}
        answer = function(*map(tf.constant, request.values()))
        arrays |= {f"{name}/input/{key}": value for key, value in request.items()}
        arrays |= {f"{name}/output/{key}": value.numpy() for key, value in answer.items()}
    with files.atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def _rows(given, images):
    """Rows for one input: samples if it takes images and there are any, else noise."""
    # Not noise: an encoder's output for noise changes with the last bit of a product.
    if images is None or not given.is_pixels:
        return given.example(ROWS)
    return images[::-1] if given.name == "x1" else images


class Answer(NamedTuple):
    """The inputs and outputs of one signature, {name: rows} each."""

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


def read_answers(version: pathlib.Path) -> dict[str, Answer]:
    """Returns the golden answers of an export by signature.

    Raises:
      UserError: if it has none.
    """
    path = version / GOLDEN_ANSWERS
    if not path.exists():
        raise UserError(f"{version} has no golden answers: it was exported by an earlier version.")
    found: dict[str, Answer] = {}
    with np.load(path) as arrays:
        for key, rows in arrays.items():
            signature, kind, name = key.split("/")
            answer = found.setdefault(signature, Answer({}, {}))
            (answer.inputs if kind == "input" else answer.outputs)[name] = rows
    return found


def compare_answers(version: pathlib.Path) -> dict[str, float]:
    """Returns {signature: difference} between golden answers and those that an export gives now.

    Raises:
      UserError: if the export has no golden answers.
    """
    answers, module = read_answers(version), tf.saved_model.load(str(version))
    differences = {}
    for name, golden in answers.items():
        inputs = {key: tf.constant(rows) for key, rows in golden.inputs.items()}
        now = {key: value.numpy() for key, value in module.signatures[name](**inputs).items()}
        differences[name] = difference(golden.outputs, now)
    return differences


def difference(expected: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]) -> float:
    """Returns the largest difference between two answers of a signature, {output: rows} each.

    It is a share of 1 or of the largest number expected, whichever is more; infinite if shapes
    differ, or which numbers are finite.
    """
    return max(_difference(rows, given[name]) for name, rows in expected.items())


def _difference(expected, given):
    # A scale may be infinite if no training image resembles the request.
    finite = np.isfinite(expected)
    if expected.shape != given.shape or not np.array_equal(finite, np.isfinite(given)):
        return float("inf")
    expected, given = expected[finite], given[finite]
    largest = max(1.0, np.max(np.abs(expected), initial=0.0))
    return float(np.max(np.abs(expected - given), initial=0.0) / largest)
