"""What the page asks of models, and the code that it shows for it."""

import io
import json
import shutil

import numpy as np
import PIL.Image
import pytest

import zoo
from zoo.explore import address, code, collection, compute, controls, pictures
from zoo.explore.controls import mixture
from zoo.exports import versions


@pytest.fixture(scope="module")
def models():
    return collection.Collection(versions.SAVED_MODELS)


@pytest.fixture(scope="module")
def cvae(models):
    return models.load("cvae_mnist")


def test_directions_are_orthogonal_and_the_first_changes_most(models, cvae):
    directions = compute.find_directions(cvae, models.entries["cvae_mnist"])
    vectors = directions.vectors
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-5)
    start = directions.start(3)
    np.testing.assert_allclose(vectors @ start, 0, atol=1e-5)

    def images(*positions):
        z = directions.codes(start, np.array(positions))
        return compute.decode(cvae, z, np.full(len(z), 3))

    still = images(np.zeros(len(vectors)))
    moved = [np.abs(images(row, -row) - still).mean() for row in np.eye(len(vectors))]
    assert moved[0] > moved[-1] > 0
    grid = directions.map(start, 3, 3, 2.0)
    np.testing.assert_allclose(grid[4], still[0], atol=1e-5)
    np.testing.assert_allclose(grid[[5, 1]], images([2.0, 0.0], [0.0, 2.0]), atol=1e-5)


def test_codes_of_the_map_are_spread_as_those_of_the_model(models):
    """By the mean and deviation of q(z) over test images, or of the generator's distribution."""
    mixture = compute.find_directions(models.load("vae_mog_mnist"), models.entries["vae_mog_mnist"])
    z = mixture.codes(0 * mixture.start(0), np.zeros((1, 2)))
    np.testing.assert_allclose(z[0], mixture.mean, rtol=1e-5)
    assert mixture.deviation.std() > 0.05  # not those of N(0, I)
    uniform = compute.find_directions(
        models.load("improved_gan_mnist"), models.entries["improved_gan_mnist"]
    )
    z = uniform.codes(uniform.start(0), np.array([[3.0, -3.0]]))
    assert np.abs(z).max() == 1 and uniform.deviation[0] == pytest.approx(1 / 3**0.5)


def test_an_image_is_restyled_and_a_way_has_its_ends(cvae):
    x = compute.sample(cvae, [1, 2], [3, 3])
    restyled = compute.restyle(cvae, x[0], 3)
    assert restyled.shape == (10, 28, 28, 1)
    assert np.abs(restyled[3] - x[0]).mean() < 0.05 < np.abs(restyled[0] - x[0]).mean()
    way = compute.interpolate(cvae, *x, 3)
    ends = np.stack([compute.reconstruct(cvae, image, 3) for image in x])
    np.testing.assert_allclose(way[[0, -1]], ends, atol=1e-3)
    animation = PIL.Image.open(io.BytesIO(pictures.to_gif(way)))
    assert animation.n_frames == 2 * len(way) - 2


def test_every_model_has_controls_and_a_family(models):
    found = {name: controls.find_controls(entry) for name, entry in models.entries.items()}
    assert all(found.values())
    assert collection.OTHERS not in models.families()
    kinds = {control for chosen in found.values() for control in chosen}
    # No trained model draws points without components.
    assert set(controls.SPECIAL) - kinds == {mixture.Points}
    keys = [[control.key for control in chosen] for chosen in found.values()]
    assert all(len(set(own)) == len(own) for own in keys), keys  # in the address


def test_the_code_that_is_shown_runs_and_draws_the_same(models, cvae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = models.entries["cvae_mnist"]
    few = {"seed": np.arange(7, 11), "y": np.full(4, 3)}
    code_of = {"z": np.random.default_rng(0).normal(size=(1, 8)).astype(np.float32), "y": [3]}
    code_of = {name: np.asarray(array) for name, array in code_of.items()}
    many = {"x": np.zeros((2, 28, 28, 1), np.float32), "y": np.full(2, 3), "y_new": np.arange(2)}
    for signature, inputs in (("sample", few), ("decode", code_of), ("restyle", many)):
        (tmp_path / code.inputs_file(entry, signature)).write_bytes(pictures.to_npz(**inputs))
        space: dict = {}
        exec(code.to_python(models, entry, signature, inputs), space)
        expected = getattr(cvae, signature)(**inputs)
        np.testing.assert_array_equal(space["found"], expected)
        shown = code.to_curl(models, entry, signature, inputs)
        body = code.to_request(signature, inputs)
        if inputs is not many:
            body = shown.split("-d '")[1].split("'")[0]
        else:
            assert "-d @request.json" in shown
        sent = json.loads(body)
        assert sent["signature_name"] == signature
        for name, array in inputs.items():
            np.testing.assert_array_equal(np.asarray(sent["inputs"][name], array.dtype), array)


class Visitor:
    """The browser of a visitor, as far as an address needs it."""

    def __init__(self):
        self.scripts = []

    def run_javascript(self, script):
        self.scripts.append(script)


def test_an_address_keeps_the_values_of_each_control_apart():
    given = {"seed": "7", "walk.to": "3", "y": "nan", "morph.to": "no number", "t": "inf"}
    visitor = Visitor()
    page = address.Address(visitor, "/gan_mnist", given)
    walk, morph, whole = (page.part(name) for name in ("walk", "morph", ""))
    assert walk.whole("to", 1, 0, 9) == 3 and morph.whole("to", 1, 0, 9) == 1
    assert whole.whole("seed", 0, 0, 9) == 7 and whole.whole("seed", 2, 0, 5) == 2
    assert whole.whole("y", 4, 0, 9) == 4 and whole.number("t", 0.5, 0, 1) == 0.5
    morph.set(to=8)
    assert walk.whole("to", 1, 0, 9) == 3 and page.part("morph").whole("to", 1, 0, 9) == 8
    assert "seed=7" in visitor.scripts[-1] and "morph.to=8" in visitor.scripts[-1]


def test_a_model_that_the_zoo_does_not_know_stands_among_the_others(tmp_path, capsys):
    source = versions.SAVED_MODELS / "gmm_ring"
    shutil.copytree(source, tmp_path / "mine")
    shutil.copytree(source, tmp_path / "broken")
    for name, change in (("mine", {"config": {"model": "mine"}}), ("broken", {"inputs": None})):
        (path,) = (tmp_path / name).glob("*/assets.extra/config.json")
        fields = json.loads(path.read_text())
        fields["config"] |= change.pop("config", {})
        path.write_text(json.dumps(fields | change))
    found = collection.Collection(tmp_path)
    assert list(found.entries) == ["mine"] and list(found.families()) == [collection.OTHERS]
    assert "Left out: broken" in capsys.readouterr().out


def test_a_folder_without_models_is_named(tmp_path):
    with pytest.raises(zoo.UserError, match="holds no trained model: give saved_models"):
        collection.Collection(tmp_path)
