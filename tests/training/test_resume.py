"""A run that is killed again and again ends as one that was not, bit for bit."""

import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from tests import processes
from tests.data.image_files import write
from tests.processes import ROOT

STOPPED = 75


def train(moment, workdir, folder):
    return processes.run(
        *(ROOT / "tests" / "training" / "killed.py", moment),
        *(ROOT / "scripts" / "train.py", "--model=cvae", f"--dataset={folder}"),
        *(f"--workdir={workdir}", f"--data_dir={workdir.parent}"),
        *("--config.hidden=(16,)", "--config.latent_dim=3", "--config.batch_size=10"),
        *("--config.num_epochs=2", "--config.checkpoint_every=10", "--config.jit=False"),
        cwd="/",
    )


def arrays(folder):
    reader = tf.train.load_checkpoint(str(folder))
    names = reader.get_variable_to_shape_map()
    own = [n for n in names if not any(k in n for k in ("seconds", "save_counter", "GRAPH"))]
    return {n: reader.get_tensor(n) for n in own}


@pytest.mark.thorough
def test_killed_thrice_and_stopped_once_equals_undisturbed(tmp_path):
    images = write(tmp_path / "images", "a", "b", size=(8, 8), count=100)
    whole = train("never", tmp_path / "whole", images)
    assert whole.returncode == 0, whole.stderr

    expected = [
        ("kill:3", -signal.SIGKILL),  # before the first checkpoint
        ("write", -signal.SIGKILL),
        ("kill:13", -signal.SIGKILL),
        ("term:3", STOPPED),
        ("never", 0),
    ]
    for moment, code in expected:
        process = train(moment, tmp_path / "parts", images)
        assert process.returncode == code, (moment, process.stderr[-2000:])
        if moment == "write":  # and as if killed a little earlier, with half of the data written
            checkpoints = tmp_path / "parts" / "checkpoints"
            (checkpoints / "ckpt-20_temp").mkdir()
            (checkpoints / "ckpt-20_temp" / "part-00000-of-00001").write_bytes(b"half")
            (checkpoints / "ckpt-20.data-00000-of-00001").write_bytes(b"half")
    assert "Going on from step" in process.stdout

    for folder in ("checkpoints", "best"):
        one, other = arrays(tmp_path / "whole" / folder), arrays(tmp_path / "parts" / folder)
        assert one.keys() == other.keys() and len(one) > 8
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], name)
    assert os.listdir(tmp_path / "parts" / "export" / "cvae_images" / "1")

    again = train("never", tmp_path / "parts", images)
    assert again.returncode == 0 and "is complete" in again.stdout
