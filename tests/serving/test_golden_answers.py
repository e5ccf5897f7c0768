"""Golden answers would notice if a signature ignored one of its inputs."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.exports import versions
from zoo.serving import golden

ALIKE = {"restyle": ("y", "y_new"), "interpolate": ("x0", "x1"), "morph": ("y", "y_new")}


def stored(name):
    """A committed model's version, and its golden answers by signature."""
    version = versions.find_version(versions.SAVED_MODELS / name)
    return version, golden.read_answers(version)


def test_inputs_of_one_type_differ():
    checked = 0
    for name in zoo.list_models():
        _, found = stored(name)
        for signature in ALIKE.keys() & found.keys():
            one, other = (found[signature][0][part] for part in ALIKE[signature])
            assert all(np.any(a != b) for a, b in zip(one, other, strict=True)), (name, signature)
            checked += 1
    assert checked == 22


def changed(name, rows):
    if rows.dtype == np.int32:
        return rows[::-1] if name in ("y", "y_new", "cluster") else rows + 1
    return 1 - rows if name in ("x", "x0", "x1", "t") else rows + 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", ["cvae_mnist", "m2_mnist", "m1_m2_mnist", "vae_mnist", "cgan_mnist"]
)
def test_every_input_changes_the_answer(name):
    version, found = stored(name)
    module = tf.saved_model.load(str(version))
    for signature in ALIKE.keys() & found.keys():
        inputs, outputs = found[signature]
        for part in inputs:
            other = {**inputs, part: changed(part, inputs[part])}
            answer = module.signatures[signature](**{k: tf.constant(v) for k, v in other.items()})
            assert np.abs(answer["x"].numpy() - outputs["x"]).max() > 1e-3, (signature, part)


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.list_models())
def test_answers_are_finite_far_from_the_data(name):
    """Inverted, noise, white and black, of which training has seen nothing."""
    model = zoo.load(versions.SAVED_MODELS / name)
    if len(model.spec.shape) != 3:
        pytest.skip("not of images")
    _, found = stored(name)
    inverted = (
        1 - found["sample"][1]["x"] if "sample" in found else np.zeros([2, *model.spec.shape])
    )
    noise = np.random.default_rng(0).random(inverted.shape)
    for x in (inverted, noise, np.ones_like(noise), np.zeros_like(noise)):
        for signature, names in model.signatures.items():
            given = {n: model.inputs[n].example(len(x)) for n in names}
            given |= {n: x.astype(np.float32) for n in names if model.inputs[n].is_pixels}
            for output, values in model.run(signature, given).items():
                assert np.all(np.isfinite(values)), (signature, output)
