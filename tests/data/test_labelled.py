"""Which rows keep their labels, and batches that hold labelled and other rows in a fixed ratio."""

import numpy as np
import pytest

import zoo
from tests import tiny
from zoo import configs, data
from zoo.configs.spec import Spec
from zoo.data import labelled

SPEC = Spec((8, 8, 1), 3, ("cat", "dog", "emu"))
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 40, 10]))


def config(**fields):
    return configs.get_tiny("m2", dataset="tiny", **fields)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(3, [1, 1, 1]), (12, [4, 4, 4]), (30, [10, 10, 10]), (60, [25, 25, 10]), (0, [50, 40, 10])],
)
def test_labels_are_as_balanced_as_the_classes_allow(count, expected):
    chosen = labelled.choose(LABELS, SPEC, count, seed=1)
    assert np.bincount(LABELS[chosen], minlength=3).tolist() == expected


def test_any_count_is_balanced_to_one():
    for count in range(3, 31):
        of_class = np.bincount(LABELS[labelled.choose(LABELS, SPEC, count, seed=2)])
        assert of_class.sum() == count and np.ptp(of_class) <= 1


def test_the_seed_chooses_and_more_labels_hold_the_fewer():
    few, same, other, more = (
        set(labelled.choose(LABELS, SPEC, count, seed).tolist())
        for count, seed in ((12, 1), (12, 1), (12, 2), (40, 1))
    )
    assert few == same and few != other and few < more


@pytest.mark.parametrize(
    ("labels", "count", "message"),
    [
        (LABELS, 2, r"labels=2 is less than one for each of the 3 classes: choose .*labels=3"),
        (LABELS, 101, r"labels=101, but 100 training images have a label: .*labels=100 or less"),
        (np.where(LABELS == 1, -1, LABELS), 6, "No training image has the label dog"),
        (np.full(5, -1), 0, "No training image has the label cat, dog, emu"),
    ],
)
def test_labels_that_are_missing_are_named(labels, count, message):
    with pytest.raises(zoo.UserError, match=message):
        labelled.choose(labels, SPEC, count, seed=0)


def test_more_labelled_rows_than_a_batch_are_refused():
    with pytest.raises(zoo.UserError, match="labelled_rows=10 of batch_size=10 leave no row"):
        zoo.create(config(labelled_rows=10), SPEC)


def steps(split, count, shard=data.Shard(), first_step=0):  # noqa: B008
    batches = split.epochs(7, first_step, 10, shard)
    return list(batches.take(count).as_numpy_iterator())


def test_batches_hold_both_kinds_and_an_epoch_all_hidden_rows():
    train = tiny.make_images(40, 0)
    split = labelled.hide_labels(train, config(), SPEC)
    assert split.steps_per_epoch(10) == 5  # of 8 hidden rows each
    seen, keeping = [], set()
    known = {train.x[i].tobytes(): train.y[i] for i in labelled.choose(train.y, SPEC, 6, 0)}
    for batch in steps(split, 5):
        assert batch["y"].tolist()[2:] == [-1] * 8 and np.all(batch["y"][:2] >= 0)
        for x, y in zip(batch["x"][:2], batch["y"], strict=False):
            assert known[x.tobytes()] == y
            keeping.add(x.tobytes())
        seen += [x.tobytes() for x in batch["x"][2:]]
    assert sorted(seen) == sorted(x.tobytes() for x in train.x)
    assert len(keeping) > 3


def test_replicas_share_the_batches_of_one():
    split = labelled.hide_labels(tiny.make_images(40, 0), config(), SPEC)
    whole = steps(split, 4)
    shards = [steps(split, 4, data.Shard(worker, 2)) for worker in (0, 1)]
    local = steps(split, 8, data.Shard(0, 1, 2))
    for i, batch in enumerate(whole):
        for parts in ([s[i] for s in shards], local[2 * i : 2 * i + 2]):
            assert all(p["y"].shape == (5,) and np.sum(p["y"] >= 0) == 1 for p in parts)
            both = {
                name: np.concatenate([p[name][:1] for p in parts] + [p[name][1:] for p in parts])
                for name in ("x", "y")
            }
            np.testing.assert_array_equal(both["x"], batch["x"])
            np.testing.assert_array_equal(both["y"], batch["y"])


def test_a_run_enters_anywhere():
    split = labelled.hide_labels(tiny.make_images(40, 0), config(), SPEC)
    for a, b in zip(steps(split, 14)[8:], steps(split, 6, first_step=8), strict=True):
        np.testing.assert_array_equal(a["x"], b["x"])


def test_fewer_labels_than_a_batch_takes_come_several_times():
    split = labelled.hide_labels(tiny.make_images(40, 0), config(labels=3, labelled_rows=7), SPEC)
    for batch in steps(split, 3):
        assert np.sum(batch["y"] >= 0) == 7


@pytest.mark.thorough
def test_streamed_rows_are_mixed_as_well(data_dir):
    whole = data.load("mnist_5k", data_dir=str(data_dir))
    streamed = data.load("mnist_5k", data_dir=str(data_dir), in_memory_bytes=0)
    given = configs.get("m2", labels=50)
    one, other = (labelled.hide_labels(d.train, given, d.spec) for d in (whole, streamed))
    np.testing.assert_array_equal(one.labelled.x, other.labelled.x)
    np.testing.assert_array_equal(one.labelled.y, other.labelled.y)
    batch = next(iter(other.epochs(0, 0, 120)))
    assert np.bincount(batch["y"] + 1).tolist()[0] == 100 and batch["x"].shape[0] == 120
