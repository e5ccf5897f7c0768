"""Broken checkpoints and full disks."""

import resource
import signal

import pytest
import tensorflow as tf

import zoo
from zoo.training.checkpoint import Checkpoints


def make(folder, value=0.0):
    variable = tf.Variable(tf.fill([1000], value))
    return variable, Checkpoints(folder, weights=[variable])


@pytest.fixture
def three(tmp_path):
    """Three checkpoints, of the values 1, 2 and 3."""
    variable, checkpoints = make(tmp_path)
    for step in (1, 2, 3):
        variable.assign(tf.fill([1000], float(step)))
        checkpoints.save(step)
    return tmp_path


@pytest.mark.parametrize("suffix", ["data-00000-of-00001", "index"])
def test_a_truncated_newest_is_passed_over_aloud(three, suffix, caplog):
    file = three / f"ckpt-3.{suffix}"
    file.write_bytes(file.read_bytes()[:-30])
    variable, checkpoints = make(three)
    assert checkpoints.restore()
    assert variable[0] == 2.0
    assert "ckpt-3 cannot be used" in caplog.text and "Going back" in caplog.text


def test_a_changed_byte_is_noticed(three):
    file = three / "ckpt-3.data-00000-of-00001"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    variable, checkpoints = make(three)
    assert checkpoints.restore() and variable[0] == 2.0


def test_when_all_are_broken_nothing_is_begun_anew(three):
    for file in three.glob("*.index"):
        file.write_bytes(b"")
    with pytest.raises(zoo.UserError, match="None of the checkpoints.*another workdir"):
        make(three)[1].restore()


@pytest.mark.parametrize("content", [b"", b"no text proto \xff", None])
def test_a_damaged_list_is_made_anew(three, content, caplog):
    (three / "checkpoint").unlink()
    if content is not None:
        (three / "checkpoint").write_bytes(content)
    (three / "ckpt-3.index").write_bytes(b"half")
    variable, checkpoints = make(three)
    assert checkpoints.restore() and variable[0] == 2.0
    assert "damaged: rebuilt" in caplog.text


def test_a_first_checkpoint_that_was_never_finished_is_none(tmp_path):
    (tmp_path / "ckpt-1.index").write_bytes(b"half")
    assert not make(tmp_path)[1].restore()


def test_none_at_all(tmp_path):
    assert not make(tmp_path)[1].restore()


def test_a_full_disk_costs_no_older_checkpoint(three):
    """A limit on the size of files stands for the full disk: writes fail part of the way."""
    variable, checkpoints = make(three)
    checkpoints.restore()
    variable.assign(tf.fill([1000], 4.0))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        with pytest.raises(zoo.UserError, match=r"checkpoint of step 4.*ckpt-3; make room"):
            checkpoints.save(4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert sorted(p.name for p in three.glob("ckpt-*.index")) == [
        f"ckpt-{i}.index" for i in (1, 2, 3)
    ]
    assert not list(three.glob("ckpt-4*"))
    variable, checkpoints = make(three)
    assert checkpoints.restore() and variable[0] == 3.0
