"""Arrays and tables in files."""

import numpy as np
import pytest

import zoo
from zoo import data
from zoo.configs.spec import Spec
from zoo.exports import versions


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=[60, 3]).round(3), rng.integers(0, 2, 60)


def write_csv(path, x, y=None, names=("width", "height", "depth")):
    lines = [",".join([*names, *(["kind"] if y is not None else [])])]
    for i, row in enumerate(x):
        lines.append(",".join([*map(str, row), *([y[i]] if y is not None else [])]))
    path.write_text("\n".join(lines))
    return str(path)


def together(dataset):
    """All rows of the three splits in one order, labels last."""
    parts = [np.column_stack([split.x, split.y]) for split in dataset[2:]]
    found = np.concatenate(parts)
    return found[np.lexsort(found.T)]


def test_a_table_is_split_without_losing_or_doubling_a_row(tmp_path, rows):
    x, y = rows
    kinds = ["cat" if label else "ant" for label in y]
    dataset = data.load(write_csv(tmp_path / "a.csv", x, kinds), label_column="kind")
    assert dataset.spec == Spec((3,), 2, ("ant", "cat"))
    expected = np.column_stack([x, y]).astype(np.float32)
    np.testing.assert_array_equal(together(dataset), expected[np.lexsort(expected.T)])
    assert (dataset.validation.size, dataset.test.size) == (6, 6)


def test_the_same_arrays_come_from_every_kind_of_file(tmp_path, rows):
    x, y = rows
    np.savez(tmp_path / "a.npz", x=x, y=y)
    np.save(tmp_path / "a.npy", x)
    table = data.load(write_csv(tmp_path / "a.csv", x, y.astype(str)), label_column="kind")
    npz, npy = (data.load(str(tmp_path / name)) for name in ("a.npz", "a.npy"))
    np.testing.assert_array_equal(together(table), together(npz))
    np.testing.assert_array_equal(table.train.x, npy.train.x)
    assert npy.spec == Spec((3,), 0)
    assert table.spec == npz.spec


def test_splits_of_a_file_are_kept(tmp_path):
    rng = np.random.default_rng(0)
    parts = {f"x_{role}": rng.integers(0, 255, [n, 6, 6], np.uint8) for role, n in SIZES.items()}
    labels = {f"y_{role}": np.arange(n) % 3 for role, n in SIZES.items()}
    np.savez(tmp_path / "images.npz", **parts, **labels)
    dataset = data.load(str(tmp_path / "images.npz"), image_size=8, channels=3)
    assert dataset.spec == Spec((8, 8, 3), 3, ("0", "1", "2"))
    np.testing.assert_array_equal(dataset.test.x[:, 1:7, 1:7, 0], parts["x_test"])
    assert dataset.train.size + dataset.validation.size == SIZES["train"]


SIZES = {"train": 40, "test": 9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :2], "names 4 columns, but row 2 has 3"),
        (lambda x: np.where(x > 2, np.nan, x).astype(str), "rows have values that are NaN"),
        (lambda x: np.char.replace(x.astype(str), "0.", "O."), "row .*, column .*a number, got"),
    ],
)
def test_a_wrong_table_is_named_by_row_and_column(tmp_path, rows, change, message):
    path = write_csv(tmp_path / "a.csv", change(rows[0]), rows[1].astype(str))
    with pytest.raises(zoo.UserError, match=message):
        data.load(path, label_column="kind")


def test_other_wrong_files_are_named(tmp_path, rows):
    x, y = rows
    with pytest.raises(zoo.UserError, match=r"column 'kind'.*label_column='kind'"):
        data.load(write_csv(tmp_path / "a.csv", x, ["b"] * 60))
    with pytest.raises(zoo.UserError, match="no column 'kin'. Did you mean 'kind'"):
        data.load(str(tmp_path / "a.csv"), label_column="kin")
    (tmp_path / "broken.npz").write_bytes(b"PK not a zip")
    np.savez(tmp_path / "names.npz", images=x)
    np.savez(tmp_path / "few.npz", x=x[:3], y=y[:3])
    for name, message in {
        "broken.npz": "cannot be read as NumPy arrays",
        "names.npz": "has the arrays images: expected x",
        "few.npz": "too few",
    }.items():
        with pytest.raises(zoo.UserError, match=message):
            data.load(str(tmp_path / name))


def test_a_file_names_its_model_without_the_suffix(tmp_path):
    (tmp_path / "My table.csv").write_text("a\n1")
    assert versions.export_name("vae", str(tmp_path / "My table.csv")) == "vae_my_table"
    assert versions.export_name("vae", "") == "vae"
