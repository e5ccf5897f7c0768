"""One process at a time trains in a workdir."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

import zoo
from tests.processes import ROOT
from zoo.training import workdirs

HOLD = """
import pathlib, sys, time
from zoo.training import workdirs
with workdirs.locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the workdir."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_workdir_in_use_is_refused_and_the_process_named(tmp_path, holder):
    with (
        pytest.raises(zoo.UserError, match=f"in use by process {holder.pid} on .* another workdir"),
        workdirs.locked(tmp_path),
    ):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with workdirs.locked(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / ".lock").read_text()


def test_a_file_system_without_locks_is_worked_on_with_a_warning(tmp_path, monkeypatch, caplog):
    def refuse(*given):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with workdirs.locked(tmp_path):
        pass
    assert "file system without locks" in caplog.text


def test_a_process_may_hold_what_it_holds(tmp_path):
    with workdirs.locked(tmp_path), workdirs.locked(tmp_path / "." / "x" / ".."):
        assert (tmp_path / ".lock").exists()


def test_a_folder_that_stays_empty_is_removed_again(tmp_path):
    with pytest.raises(RuntimeError), workdirs.locked(tmp_path / "new"):
        raise RuntimeError
    assert not (tmp_path / "new").exists()
    with workdirs.locked(tmp_path / "new"):
        (tmp_path / "new" / "file").touch()
    assert (tmp_path / "new").exists()
