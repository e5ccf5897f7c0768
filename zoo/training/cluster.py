"""TF_CONFIG: which processes train together, whether it is right, and whether all are there."""

import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from zoo.errors import Stopped, UserError, near_miss
from zoo.training import signals

JOBS = ("chief", "worker")
KEYS = ("cluster", "task", "environment", "rpc_layer", "job", "cloud")
EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)
# Seconds between two lines that say what is waited for.
SECONDS_BETWEEN_LINES = 20.0


class Cluster(NamedTuple):
    """The processes that train together, by job, and which of them this one is."""

    jobs: dict[str, list[str]]
    job: str
    index: int

    @property
    def own(self) -> str:
        return self.jobs[self.job][self.index]

    @property
    def others(self) -> list[str]:
        return [a for addresses in self.jobs.values() for a in addresses if a != self.own]


def parse(text: str) -> Cluster | None:
    """Returns the cluster that a TF_CONFIG names; None if it names none.

    Raises:
      UserError: for anything that is not as TensorFlow's documentation has it; one line, with an
        example.
    """

    def refuse(problem):
        raise UserError(f"TF_CONFIG {problem}. Example: {EXAMPLE}.")

    try:
        config = json.loads(text or "{}")
    except ValueError as error:
        refuse(f"is not JSON: {error}")
    if not isinstance(config, dict):
        refuse(f"is not a JSON object but {_short(config)}")
    for key in config:
        if key not in KEYS:
            refuse(f"has a key {key!r}.{near_miss(key, KEYS)} Known are 'cluster' and 'task'")
    jobs = config.get("cluster") or {}
    if not jobs:
        if config.get("task"):
            refuse("names a task, but no cluster")
        return None
    if not isinstance(jobs, dict):
        refuse(f"has a cluster that is not an object of jobs but {_short(jobs)}")
    for job, addresses in jobs.items():
        _check_job(job, addresses, refuse)
    if "worker" not in jobs:
        refuse("has no job 'worker' in its cluster")
    if len(jobs.get("chief", [])) > 1:
        refuse(f"has {len(jobs['chief'])} chiefs: one of them at most")
    every = [address for addresses in jobs.values() for address in addresses]
    twice = sorted({address for address in every if every.count(address) > 1})
    if twice:
        refuse(f"has the address {twice[0]!r} twice")
    job, index = _check_task(config.get("task"), jobs, refuse)
    return Cluster(jobs, job, index)


def _check_job(job, addresses, refuse):
    if job not in JOBS:
        miss = near_miss(job, JOBS)
        refuse(
            f"has a job {job!r}, which MirroredStrategy on several machines has no use for: jobs "
            f"are 'worker' and 'chief'.{miss}".rstrip(".")
        )
    if not isinstance(addresses, list) or not addresses:
        refuse(f"has a job {job!r} that is not a list of addresses but {_short(addresses)}")
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            refuse(f"has an address {_short(address)} in job {job!r} that is not host:port")


def _check_task(task, jobs, refuse):
    if not isinstance(task, dict):
        refuse(f"has a task that is not an object with a type and an index but {_short(task)}")
    job, index = task.get("type"), task.get("index")
    if job not in jobs:
        refuse(f"has a task of type {_short(job)}, but the cluster has the jobs {', '.join(jobs)}")
    if type(index) is not int or not 0 <= index < len(jobs[job]):
        refuse(
            f"has a task with index {_short(index)}, expected a whole number from 0 to "
            f"{len(jobs[job]) - 1}, as the cluster has {len(jobs[job])} of job {job!r}"
        )
    return job, index


def _short(value):
    text = json.dumps(value)
    return text if len(text) < 60 else text[:57] + "..."


def wait_for_peers(cluster: Cluster, timeout: float, say: Callable[[str], None] | None = None):
    """Returns once every process of the cluster can be reached; TensorFlow would wait in silence.

    Until all are there, this process answers at its own address, so that the others find it.

    Args:
      cluster: of `parse`.
      timeout: seconds to wait.
      say: gets a line at intervals; prints to stderr if None.

    Raises:
      UserError: after `timeout`, with those that are missing; or if the own port is taken.
      Stopped: on SIGTERM or SIGINT.
    """
    say = say or (lambda line: print(line, file=sys.stderr, flush=True))
    missing = set(cluster.others)
    started, last_said = time.monotonic(), -SECONDS_BETWEEN_LINES
    with signals.handled_by(_raise_stopped), _listening(cluster.own):
        while missing:
            missing = {address for address in missing if not _reachable(address)}
            waited = time.monotonic() - started
            if missing and waited > timeout:
                raise UserError(
                    f"Waited {waited:.0f} s for {', '.join(sorted(missing))}: start the same "
                    "command there, or wait longer with --connect_timeout."
                )
            if missing and waited - last_said >= SECONDS_BETWEEN_LINES:
                last_said = waited
                say(f"Waiting for {', '.join(sorted(missing))} ({waited:.0f} s).")
            if missing:
                time.sleep(0.2)


@contextlib.contextmanager
def _listening(address):
    """Answers at the own port, on all interfaces: the name may be one that others use."""
    port = int(address.rpartition(":")[2])
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("", port))
        server.listen(128)
    except OSError as error:
        server.close()
        raise UserError(
            f"Port {port} of {address}, this task's own in TF_CONFIG, cannot be opened "
            f"({error.strerror}): is another process using it?"
        ) from error
    with contextlib.closing(server):
        yield


def _reachable(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True


def _raise_stopped(number, frame):
    raise Stopped("Stopped while waiting for the other workers; nothing was trained yet.")
