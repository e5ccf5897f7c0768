"""Densities in the plane, and splits that are generated."""

import numpy as np
import pytest
import scipy.spatial

import zoo
from zoo import data
from zoo.data import densities

BATCH = 700


def rows(batches, name="x"):
    return [batch[name].numpy() for batch in batches]


@pytest.fixture(scope="module")
def ring():
    return data.load("ring/10000").train


def test_a_generated_row_depends_on_its_number_alone(ring):
    whole = np.concatenate(rows(ring.batches(BATCH)))
    assert whole.shape == (10_000, 2)
    np.testing.assert_array_equal(whole, np.concatenate(rows(ring.batches(3000))))
    np.testing.assert_array_equal(whole[:5000], np.concatenate(rows(ring.take(5000).batches(999))))
    np.testing.assert_array_equal(whole[1400:2100], rows(ring.epoch(1, 2, 2, BATCH))[0])


def test_replicas_together_generate_the_batches_of_one(ring):
    one = rows(ring.epoch(0, 0, 3, BATCH, keep_remainder=True))
    workers = [
        rows(ring.epoch(0, 0, 3, BATCH, data.Shard(worker, 2, 1), keep_remainder=True))
        for worker in range(2)
    ]
    local = rows(ring.epoch(0, 0, 3, BATCH, data.Shard(0, 1, 2), keep_remainder=True))
    for i, batch in enumerate(one):
        np.testing.assert_array_equal(batch, np.concatenate([w[i] for w in workers]))
        np.testing.assert_array_equal(batch, np.concatenate(local[2 * i : 2 * i + 2]))


def test_generated_epochs_follow_each_other(ring):
    one = rows(ring.epoch(0, 0, 0, BATCH, keep_remainder=True))
    again = rows(ring.epochs(0, 2, BATCH, keep_remainder=True).take(2 * len(one) - 2))
    for a, b in zip([*one, *one][2:], again, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["memory", "generated", "streamed"])
@pytest.mark.parametrize("size", [7, 64])
def test_every_row_counts_once_in_a_padded_pass(kind, size):
    generated = data.load("blobs/50").train
    x = np.concatenate(rows(generated.batches(50)))
    split = {
        "generated": generated,
        "memory": data.InMemory(x),
        "streamed": data.Streamed(
            data.InMemory(x).batches_of_bytes(1).unbatch(), lambda example: example, 50
        ),
    }[kind]
    batches = list(split.epoch(0, 0, 0, size, keep_remainder=True))
    assert len(batches) == split.steps_per_epoch(size, keep_remainder=True) == -(-50 // size)
    assert all(len(batch["x"]) == size for batch in batches)
    seen = np.concatenate([b["x"].numpy()[b["weight"].numpy() > 0] for b in batches])
    np.testing.assert_array_equal(np.sort(seen, 0), np.sort(x, 0))


def test_weights_of_rows_come_with_them():
    x = np.arange(10.0).reshape(10, 1)
    split = data.InMemory(x, weight=10 * np.arange(10))
    for batch in split.epoch(0, 0, 0, 4, keep_remainder=True):
        weight = batch["weight"].numpy()
        inside = weight > 0
        np.testing.assert_array_equal(weight[inside], 10 * batch["x"].numpy()[inside, 0])


@pytest.mark.parametrize("weight", [-np.ones(3), np.zeros(3), np.ones(2), [np.nan, 1, 1]])
def test_bad_weights_are_refused(weight):
    with pytest.raises(zoo.UserError, match=r"[Ww]eights"):
        data.InMemory(np.zeros((3, 2)), weight=weight)


@pytest.mark.parametrize(("name", "modes", "scale"), [("ring", 8, 0.01), ("grid", 25, 0.05)])
def test_rows_lie_at_the_modes_and_the_density_is_theirs(name, modes, scale):
    x, y = (np.concatenate(rows(data.load(name).test.batches(2000), k)) for k in ("x", "y"))
    means = densities.DENSITIES[name]().mixture.components_distribution.mean().numpy()
    assert len(np.unique(means.round(6), axis=0)) == modes
    distance, nearest = scipy.spatial.KDTree(means).query(x)
    np.testing.assert_array_equal(nearest, y)
    assert np.mean(distance < 3 * scale) == pytest.approx(1 - np.exp(-4.5), abs=0.005)
    log_prob = -np.log(modes) - distance**2 / (2 * scale**2) - np.log(2 * np.pi * scale**2)
    np.testing.assert_allclose(
        densities.DENSITIES[name]().mixture.log_prob(x), log_prob, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("name", sorted(densities.DENSITIES))
def test_splits_are_different_rows_of_one_density(name):
    loaded = data.load(name)
    first = [next(iter(s.batches(2000)))["x"].numpy() for s in loaded[2:]]
    for a, b in ((first[0], first[1]), (first[1], first[2])):
        assert not np.any(np.all(a == b, 1))
        np.testing.assert_allclose(a.mean(0), b.mean(0), atol=4.5 * a.std() * np.sqrt(2 / 2000))
    assert first[0].shape == (2000, *loaded.spec.shape)


def test_bad_requests_are_named():
    with pytest.raises(zoo.UserError, match="behind ring/ stands a number of rows, 'many'"):
        data.load("ring/many")
    with pytest.raises(zoo.UserError, match=r"'classifier' takes images.*rows of shape \[2\]"):
        zoo.create("classifier", data.load("ring").spec)
