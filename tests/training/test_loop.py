"""The loop beside what the conformance tests cover: workers, workdirs, failures, Keras' fit."""

import json
import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

import zoo
from tests.processes import ROOT
from zoo import configs, data, models
from zoo.evaluation.terms import mean_terms
from zoo.models.cvae import CVAE
from zoo.training import checkpoint as checkpoints
from zoo.training import guards, loop
from zoo.training.averages import MovingAverages
from zoo.training.log import Log


def tiny(**overrides):
    return configs.get_tiny("cvae", dataset="tiny", jit=False, **overrides)


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.thorough
@pytest.mark.parametrize(("entry", "num_epochs"), [("cvae", 4), ("gmm", 10)])
def test_two_worker_processes_end_with_the_weights_of_one(
    entry, num_epochs, tmp_path, tiny_data, no_noise
):
    ports = []
    for _ in range(2):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            ports.append(s.getsockname()[1])
    workers = []
    for i in range(2):
        cluster = {"worker": [f"127.0.0.1:{p}" for p in ports]}
        tf_config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}})
        workers.append(
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.training.worker"),
                    *(tmp_path, str(i), entry, str(num_epochs)),
                ],
                env={**os.environ, "TF_CONFIG": tf_config},
                cwd=ROOT,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for worker in workers:
        _, errors = worker.communicate(timeout=240)
        assert worker.returncode == 0, errors[-3000:]
    first, second = (np.load(tmp_path / f"{i}.npz") for i in range(2))
    config = configs.get_tiny(entry, dataset="tiny", jit=False, num_epochs=num_epochs)
    one = loop.train(config, tiny_data, tmp_path / "one")
    assert len(first) == len(second) == len(loop.weights(one.model))
    for i, weight in enumerate(loop.weights(one.model)):
        np.testing.assert_array_equal(first[str(i)], second[str(i)])
        most = max(1.0, np.abs(weight).max(initial=0.0))  # inverse scales of gmm are above 1
        np.testing.assert_allclose(first[str(i)], weight, atol=1e-5 * most)


@pytest.mark.thorough
def test_mirroring_one_device_changes_nothing(tmp_path, tiny_data):
    """One GPU trains this way, each step compiled; without it, blocks of steps are."""
    config = configs.get_tiny("cvae", dataset="tiny", jit=True)
    plain = loop.train(config, tiny_data, tmp_path / "plain")
    alone = tf.distribute.MirroredStrategy(["CPU:0"])
    mirrored = loop.train(config, tiny_data, tmp_path / "mirrored", alone)
    for a, b in zip(loop.weights(plain.model), loop.weights(mirrored.model), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)


def times_of_files(workdir):
    return {p: p.stat().st_mtime_ns for p in workdir.glob("**/[!.]*") if p.is_file()}


def test_workdir_of_another_config_is_refused_and_left_alone(tmp_path, tiny_data):
    loop.train(tiny(num_epochs=1), tiny_data, tmp_path)
    before = times_of_files(tmp_path)
    with pytest.raises(zoo.UserError, match=r"config \(latent_dim: 3 there, 2 now\)\. Choose"):
        loop.train(tiny(num_epochs=1, latent_dim=2), tiny_data, tmp_path)
    assert before == times_of_files(tmp_path)


def test_workdir_of_other_data_is_refused(tmp_path, tiny_data):
    loop.train(tiny(num_epochs=1), tiny_data, tmp_path)
    fewer = tiny_data._replace(train=tiny_data.train.take(39))
    with pytest.raises(zoo.UserError, match=r"changed since \(40 \+ 8 \+ 13 rows there, 39 \+ 8"):
        loop.train(tiny(num_epochs=1), fewer, tmp_path)
    tiny_data.test.x[3, 0, 0] += 1
    with pytest.raises(zoo.UserError, match=r"'tiny' has changed since \(other rows\)"):
        loop.train(tiny(num_epochs=1), tiny_data, tmp_path)


def test_fingerprints_are_those_of_the_rows(tiny_data):
    x, y = tiny_data.train.x, tiny_data.train.y

    def streamed(images):
        examples = tf.data.Dataset.from_tensor_slices({"x": images, "y": y})
        return data.Streamed(examples, lambda e: e, len(images))

    one, again, other = (tiny_data._replace(train=streamed(i)) for i in (x, x.copy(), 255 - x))
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_it_tells_what_trains_and_when_em_has_converged(tmp_path, tiny_data, capsys):
    config = configs.get_tiny("gmm", dataset="tiny", tolerance=1e6, num_epochs=9)
    loop.train(config, tiny_data, tmp_path)
    said = capsys.readouterr().out
    assert "tiny: 40 to train on, 8 to validate on, 13 to test on, 8x8x1, 3 classes" in said
    assert str(tmp_path) in said and "Converged after 2 passes" in said
    loop.train(tiny(num_epochs=2), tiny_data, tmp_path / "vae")
    assert "validation_loss=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"batch_size": 42}, "more than the 40 training images.*batch_size=40"),
        ({"batch_size": 7}, "cannot be split evenly over 2 replicas.*multiple of 2"),
        ({"warmup": 1.0}, "warmup=1.0: expected 0.0 to 0.9"),
        ({"learning_rate": float("nan")}, "learning_rate=nan: expected 0.0 to"),
        ({"beta": float("inf")}, "beta=inf: expected 0.0 to"),
        ({"beta": -1.0, "ema": 2.0}, r"2 settings cannot be used: \(1\).*\(2\)"),
        ({"schedule": "linear"}, "schedule='linear': expected one of 'constant', 'cosine'"),
        ({"network": "mpl"}, "network='mpl': expected one of"),
        ({"precision": "float16x"}, "precision='float16x'"),
        ({"checkpoint_every": 0}, "checkpoint_every=0: expected 1 to"),
        ({"num_epochs": 0}, "num_epochs=0: expected 1 to"),
        ({"latent_dim": 0}, "latent_dim=0: expected 1 to"),
        ({"clip_norm": -1.0}, "clip_norm=-1.0: expected 0.0 to"),
        ({"ema": 1.5}, "ema=1.5: expected"),
        ({"pixels": "scaled"}, "not a density of scaled.*pixels='binarized'"),
    ],
)
def test_bad_settings_are_named_before_the_first_step(
    tmp_path, tiny_data, mirrored, overrides, message
):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(tiny(**overrides), tiny_data, tmp_path, mirrored)
    assert not (tmp_path / "checkpoints").exists()


def test_a_diverging_run_stops_names_the_term_and_keeps_its_checkpoint(
    tmp_path, tiny_data, monkeypatch
):
    """The loss turns NaN at step 7, three steps after the last checkpoint."""
    terms = CVAE.loss_terms

    def poisoned(self, batch, seed, training=False):
        made = terms(self, batch, seed, training)
        poison = tf.where(self.step >= 6, np.nan, 0.0) if training else 0.0
        return {**made, "rate": made["rate"] + poison, "loss": made["loss"] + poison}

    monkeypatch.setattr(CVAE, "loss_terms", poisoned)
    with pytest.raises(zoo.UserError, match=r"'rate' is nan at step 7\..*ckpt-4"):
        loop.train(tiny(checkpoint_every=4), tiny_data, tmp_path)
    monkeypatch.undo()
    run = loop.train(tiny(checkpoint_every=4), tiny_data, tmp_path)
    assert run.training["steps"] == 10
    assert np.all(np.isfinite(run.model.variables[0]))


def test_weights_that_are_not_finite_are_never_saved(tmp_path, tiny_data):
    model = models.create(tiny(), tiny_data.spec)
    model.trainable_variables[0].assign(tf.fill(model.trainable_variables[0].shape, np.inf))
    checkpoints = loop.Checkpoints(tmp_path, weights=loop.weights(model))
    with pytest.raises(zoo.UserError, match="kernel.*not finite after step 4"):
        guards.check_weights(model, 4, checkpoints)


def test_early_stopping_keeps_the_best_weights(tmp_path, tiny_data):
    """At this rate the loss soon rises, and the run ends long before its last epoch."""
    config = tiny(num_epochs=200, patience=3, learning_rate=0.02, schedule="constant", ema=0.0)
    run = loop.train(config, tiny_data, tmp_path)
    losses = {e["step"]: e["loss"] for e in lines(tmp_path) if e["split"] == "validation"}
    assert run.training["steps"] < 1000
    assert run.training["best_step"] == min(losses, key=losses.get)
    assert run.training["steps"] == run.training["best_step"] + 3 * 5
    terms = mean_terms(run.model, tiny_data.validation)
    assert terms["loss"] == pytest.approx(min(losses.values()))
    model, training = checkpoints.load_run(tmp_path)
    assert training == run.training
    terms = mean_terms(model, tiny_data.validation)
    assert terms["loss"] == pytest.approx(min(losses.values()))


def test_log_of_a_resumed_run_has_each_step_once(tmp_path, tiny_data):
    loop.train(tiny(num_epochs=2), tiny_data, tmp_path / "whole")
    whole = lines(tmp_path / "whole")
    with open(tmp_path / "whole" / "metrics.jsonl", "a") as file:
        file.write(json.dumps({"step": 99, "split": "train"}) + '\n{"step": 1')
    loop.train(tiny(num_epochs=2), tiny_data, tmp_path / "whole")
    assert lines(tmp_path / "whole") == whole
    assert [e["step"] for e in whole] == [5, 5, 10, 10]


def events(workdir):
    """(step, tag) of all scalars in a run's TensorBoard files."""
    found = []
    for path in sorted((workdir / "tensorboard").glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            found += [(event.step, value.tag) for value in event.summary.value]
    return found


def test_tensorboard_has_each_step_of_a_resumed_run_once(tmp_path, tiny_data):
    loop.train(tiny(num_epochs=2), tiny_data, tmp_path)
    whole = events(tmp_path)
    log = Log(tmp_path, 10, 20, 8, True, True)
    log.metrics(13, "train", {"loss": 1.0})  # a step after the last checkpoint
    log.close()
    assert len(events(tmp_path)) == len(whole) + 1
    Log(tmp_path, 10, 20, 8, True, True).close()
    assert events(tmp_path) == whole and len(set(whole)) == len(whole) > 4


def test_moving_average_is_that_of_the_weights(tmp_path, tiny_data, mirrored, no_noise):
    """Against an average computed by hand, and with two replicas against one."""
    config = tiny(ema=0.5, num_epochs=1)
    model = models.create(config, tiny_data.spec)
    model.compile_for_run(5)
    averages = MovingAverages(model.averaged_variables(), 0.5)
    batch = next(iter(tiny_data.train.batches(8)))
    average = None
    for t in range(4):
        model.take_step(batch)
        averages.update(t)
        momentum = min(0.5, t / (9 + t))
        now = model.trainable_variables[0].numpy()
        average = now if average is None else momentum * average + (1 - momentum) * now
    raw = model.trainable_variables[0].numpy()
    with averages.applied():
        np.testing.assert_allclose(model.trainable_variables[0], average, atol=1e-6)
    np.testing.assert_array_equal(model.trainable_variables[0], raw)

    one = loop.train(config, tiny_data, tmp_path / "one")
    two = loop.train(config, tiny_data, tmp_path / "two", mirrored)
    for a, b in zip(loop.weights(one.model), loop.weights(two.model), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)


def test_float64_is_for_mixtures(tmp_path, tiny_data):
    config = configs.get_tiny("gmm", dataset="tiny", precision="float64")
    run = loop.train(config, tiny_data, tmp_path)
    assert run.model.mixture.mixing.dtype == "float64"
    assert np.all(np.isfinite(run.model.log_prob(tiny_data.test.x / np.float32(255))))


def test_bfloat16_trains_and_keeps_float32_weights(tmp_path, tiny_data):
    run = loop.train(tiny(precision="mixed_bfloat16"), tiny_data, tmp_path)
    assert {v.dtype for v in run.model.trainable_variables} == {"float32"}
    assert run.model.encoder.hidden[0].layer.compute_dtype == "bfloat16"
    assert np.isfinite(lines(tmp_path)[-1]["loss"])


@pytest.mark.thorough
def test_keras_fit_trains_on_two_replicas(tiny_data, mirrored):
    batches = tiny_data.train.batches(8, "binarized")
    with mirrored.scope():
        model = zoo.create("cvae", tiny_data.spec, hidden=(16,), latent_dim=3)
        model.compile(optimizer="adam", jit_compile=False)
    given = {"validation_data": batches, "shuffle": False, "verbose": 0}
    history = model.fit(batches, epochs=4, **given).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_loss"][-1] < history["val_loss"][0]
    uneven = tiny_data.test.batches(8, "binarized")  # 8 and 5 rows
    shown = model.evaluate(uneven, verbose=0, return_dict=True)
    rates = [model.posterior(**b).kl_divergence(model.prior()) for b in uneven]
    assert shown["rate"] == pytest.approx(float(np.mean(np.concatenate(rates))), rel=1e-4)
    assert model.steps_taken() == 4 * 5


def test_signals_are_given_back(tmp_path, tiny_data):
    before = signal.getsignal(signal.SIGTERM)
    loop.train(tiny(num_epochs=1), tiny_data, tmp_path)
    assert signal.getsignal(signal.SIGTERM) == before
