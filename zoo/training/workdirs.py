"""The folder of a run: its config.json, its lock, its evaluation classifier. No TensorFlow."""

import contextlib
import errno
import json
import logging
import os
import pathlib
import socket
from collections.abc import Iterator

import filelock

from zoo import files
from zoo.errors import UserError

JUDGE = "judge.json"
# Errors of file systems without locks, such as some network file systems.
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
# The workdirs that this process has locked.
_locked_here: set[pathlib.Path] = set()


def read_description(workdir: pathlib.Path) -> dict:
    """Returns what the config.json of a run holds."""
    try:
        return json.loads((workdir / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{workdir} is not a workdir of a run, its config.json cannot be read ({error}): give "
            "the folder that scripts/train.py wrote."
        ) from error


def record_judge(workdir: pathlib.Path, judge: pathlib.Path) -> None:
    """Records the folder of the classifier that evaluates a run's samples."""
    files.write_json(workdir / JUDGE, {"path": str(judge.resolve())})


def read_judge(workdir: pathlib.Path) -> pathlib.Path | None:
    """Returns the folder that `record_judge` recorded, if any."""
    record = workdir / JUDGE
    return pathlib.Path(json.loads(record.read_text())["path"]) if record.exists() else None


@contextlib.contextmanager
def locked(workdir: pathlib.Path) -> Iterator[None]:
    """Keeps other processes from training in a workdir while the body runs.

    The operating system releases the lock when the process ends, however it ends. A folder that
    did not exist and is empty afterwards is removed.

    Raises:
      UserError: if another process holds the lock; names the process.
    """
    workdir = pathlib.Path(os.path.abspath(workdir))
    if workdir in _locked_here:
        yield
        return
    was_there = workdir.exists()
    workdir.mkdir(parents=True, exist_ok=True)
    lock = _acquire(workdir / ".lock")
    _locked_here.add(workdir)
    try:
        yield
    finally:
        _locked_here.discard(workdir)
        # filelock leaves its file; in a folder without a run it would be the only one.
        with contextlib.suppress(OSError):
            if os.listdir(workdir) == [".lock"]:
                (workdir / ".lock").unlink()
        lock.release()
        if not was_there:
            with contextlib.suppress(OSError):
                workdir.rmdir()


def _acquire(path):
    """Returns the lock, acquired unless the file system has no locks."""
    lock = filelock.FileLock(path, blocking=False, on_acquired=_write_holder)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise UserError(
            f"{path.parent} is in use by {path.read_text() or 'another process'}: wait for it or "
            "stop it, or choose another --workdir."
        ) from error
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
        logging.warning(
            "%s is on a file system without locks (%s): do not train there in two processes at "
            "once.",
            path.parent,
            error.strerror,
        )
    return lock


def _write_holder(descriptor):
    if os.fstat(descriptor).st_nlink == 0:
        raise UserError("Another process has just removed this lock: run the same command again.")
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
