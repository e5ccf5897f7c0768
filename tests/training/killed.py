"""Runs a script and ends it from within: `killed.py MOMENT SCRIPT FLAGS...`.

MOMENT is never, kill:N or term:N (SIGKILL or SIGTERM once N steps have run in this process), or
write (SIGKILL when a checkpoint's data is on the disk and the checkpoint not yet listed).
"""

import os
import runpy
import signal
import sys

import tensorflow as tf

from zoo.training import log

moment, path, *flags = sys.argv[1:]
kind, _, count = moment.partition(":")
left = int(count or 0)
progress = log.Log.progress


def counted(self, steps, terms):
    global left
    progress(self, steps, terms)
    left -= steps
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL if kind == "kill" else signal.SIGTERM)


if kind in ("kill", "term"):
    log.Log.progress = counted
if kind == "write":
    record = "_record_state"
    assert hasattr(tf.train.CheckpointManager, record)
    setattr(tf.train.CheckpointManager, record, lambda self: os.kill(os.getpid(), signal.SIGKILL))
sys.argv = [path, *flags]
runpy.run_path(path, run_name="__main__")
