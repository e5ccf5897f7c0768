"""The folder of a run: its config.json, its lock, where its export went. No TensorFlow."""

import contextlib
import errno
import fcntl
import json
import logging
import os
import pathlib
import socket
from collections.abc import Iterator

from zoo import files
from zoo.errors import UserError

JUDGE = "judge.json"
# Errors of file systems that have no locks, some network file systems for example.
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
# The workdirs that this process holds.
_held: set[pathlib.Path] = set()


def read_description(workdir: pathlib.Path) -> dict:
    """Returns what the config.json of a run holds."""
    try:
        return json.loads((workdir / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{workdir} is not a workdir of a run, its config.json cannot be read ({error}): give "
            "the folder that scripts/train.py wrote."
        ) from error


def exported(workdir: pathlib.Path) -> pathlib.Path | None:
    """Returns the version that a run was exported to last, if it is still there."""
    record = workdir / "exported.json"
    if not record.exists():
        return None
    path = (workdir / json.loads(record.read_text())["path"]).resolve()
    return path if path.exists() else None


def remember_judge(workdir: pathlib.Path, judge: pathlib.Path) -> None:
    """Records the folder of the classifier that evaluates a run's samples."""
    files.write_json(workdir / JUDGE, {"path": str(judge.resolve())})


def judge(workdir: pathlib.Path) -> pathlib.Path | None:
    """Returns the folder that `remember_judge` recorded, if any."""
    record = workdir / JUDGE
    return pathlib.Path(json.loads(record.read_text())["path"]) if record.exists() else None


@contextlib.contextmanager
def held(workdir: pathlib.Path) -> Iterator[None]:
    """Keeps other processes from training in a workdir while the body runs.

    The operating system gives the lock back when a process ends, however it ends. A folder that
    did not exist and is empty afterwards is removed.

    Raises:
      UserError: if another process holds it; names the process.
    """
    workdir = pathlib.Path(os.path.abspath(workdir))
    if workdir in _held:
        yield
        return
    was_there = workdir.exists()
    workdir.mkdir(parents=True, exist_ok=True)
    path = workdir / ".lock"
    file = _lock(path)
    _held.add(workdir)
    try:
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
    finally:
        _held.discard(workdir)
        path.unlink(missing_ok=True)
        file.close()
        if not was_there:
            with contextlib.suppress(OSError):
                workdir.rmdir()


def _lock(path):
    """The opened file, locked."""
    while True:
        file = open(path, "a+")  # noqa: SIM115  (it stays open as long as the lock is held)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in WITHOUT_LOCKS:
                logging.warning(
                    "%s lies on a file system without locks (%s): do not train there in two "
                    "processes at once.",
                    path.parent,
                    error.strerror,
                )
                return file
            if not isinstance(error, BlockingIOError):
                raise
            file.seek(0)
            holder = file.read() or "another process"
            file.close()
            raise UserError(
                f"{path.parent} is in use by {holder}: wait for it or stop it, or choose another "
                "--workdir."
            ) from error
        # Whoever held it before may have removed the file between the two lines above.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            file.truncate(0)
            return file
        file.close()
