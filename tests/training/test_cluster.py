"""TF_CONFIG is checked whole; waiting for other workers says so and can be ended."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import zoo
from tests.processes import ROOT
from zoo.training import cluster

WORKERS = ["a:1", "b:2"]


def text(jobs=None, task=None, **others):
    return json.dumps({"cluster": jobs or {"worker": WORKERS}, "task": task, **others})


def task(index=0, job="worker"):
    return {"type": job, "index": index}


@pytest.mark.parametrize("value", ["", "{}", '{"cluster": {}}', '{"cluster": null}'])
def test_no_cluster_is_none(value):
    assert cluster.parse(value) is None


def test_a_cluster_knows_this_task_and_the_others():
    jobs = {"chief": ["c:3"], "worker": WORKERS}
    found = cluster.parse(text(jobs, task(1), environment="cloud"))
    assert found.own == "b:2" and found.others == ["c:3", "a:1"]
    assert cluster.parse(text({"worker": ["[::1]:2222"]}, task())).own == "[::1]:2222"


WRONG = {
    "{": "is not JSON",
    "[]": r"is not a JSON object but \[\]",
    "3": "is not a JSON object but 3",
    '"worker"': "is not a JSON object but",
    '{"clutser": {}}': "has a key 'clutser'. Did you mean 'cluster'",
    '{"task": {"type": "worker", "index": 0}}': "names a task, but no cluster",
    text({"worker": WORKERS}): "task that is not an object with a type and an index but null",
    text(["a:1"], task()): "cluster that is not an object of jobs",
    text({"worker": "a:1"}, task()): "'worker' that is not a list of addresses but \"a:1\"",
    text({"worker": []}, task()): r"is not a list of addresses but \[\]",
    text({"worker": ["a"]}, task()): "address \"a\" in job 'worker' that is not host:port",
    text({"worker": ["a:x"]}, task()): '"a:x" in job',
    text({"worker": ["a:70000"]}, task()): '"a:70000" in job',
    text({"worker": [":1"]}, task()): '":1" in job',
    text({"worker": [1]}, task()): "address 1 in job",
    text({"worker": ["a:1", "a:1"]}, task()): "has the address 'a:1' twice",
    text({"wroker": WORKERS}, task()): "job 'wroker'.*Did you mean 'worker'",
    text({"worker": WORKERS, "ps": ["p:1"]}, task()): "job 'ps', which MirroredStrategy.*no use",
    text({"chief": ["c:1"]}, task(0, "chief")): "no job 'worker'",
    text({"chief": ["c:1", "d:1"], "worker": WORKERS}, task()): "has 2 chiefs",
    text(None, "worker"): 'task that is not an object with a type and an index but "worker"',
    text(None, task(0, "evaluator")): 'type "evaluator", but the cluster has the jobs worker',
    text(None, task(2)): "index 2, expected a whole number from 0 to 1",
    text(None, task(-1)): "index -1, expected",
    text(None, task("0")): 'index "0", expected',
    text(None, task(True)): "index true, expected",
    text(None, {"type": "worker"}): "index null, expected",
}


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_value_is_named_in_one_line(value):
    with pytest.raises(zoo.UserError, match=f"TF_CONFIG .*{WRONG[value]}") as raised:
        cluster.parse(value)
    assert "\n" not in str(raised.value)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def pair(index):
    return cluster.Cluster({"worker": [f"127.0.0.1:{p}" for p in PORTS]}, "worker", index)


PORTS = free_ports(2)


def test_workers_that_come_one_after_the_other_find_each_other():
    both = threading.Barrier(2, timeout=60)

    def work(index, say):
        cluster.wait_for_peers(pair(index), 60, say)
        # As TensorFlow's server does next.
        with socket.create_server(("127.0.0.1", PORTS[index])):
            both.wait()

    def late():
        time.sleep(0.5)
        work(1, print)

    thread, said = threading.Thread(target=late), []
    thread.start()
    work(0, said.append)
    thread.join(60)
    assert said[0] == f"Waiting for 127.0.0.1:{PORTS[1]} (0 s)."


def test_a_worker_that_does_not_come_is_named():
    with pytest.raises(zoo.UserError, match=rf"Waited \d+ s for 127.0.0.1:{PORTS[1]}.*connect_t"):
        cluster.wait_for_peers(pair(0), 0.5, lambda line: None)


def test_a_port_in_use_is_named():
    with (
        socket.create_server(("", PORTS[0])),
        pytest.raises(zoo.UserError, match=f"Port {PORTS[0]} of .* cannot be opened"),
    ):
        cluster.wait_for_peers(pair(0), 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting(number):
    code = f"""
from zoo.errors import Stopped
from zoo.training import cluster
c = cluster.Cluster({{"worker": ["127.0.0.1:{PORTS[0]}", "127.0.0.1:{PORTS[1]}"]}}, "worker", 0)
try:
    cluster.wait_for_peers(c, 60)
except Stopped as stopped:
    print(stopped)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert "Waiting for" in process.stderr.readline()
    process.send_signal(number)
    out, _ = process.communicate(timeout=50)  # less than the 60 s that it would wait
    assert "Stopped while waiting" in out
