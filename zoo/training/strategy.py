"""Which devices train: one CPU, one or several GPUs, or several machines."""

import os
import platform

import tensorflow as tf

from zoo.errors import UserError
from zoo.training import cluster as clusters

KINDS = ("auto", "default", "mirrored", "multiworker")


def create(
    kind: str = "auto", virtual_devices: int = 0, connect_timeout: float = 600.0
) -> tf.distribute.Strategy:
    """Returns the strategy to train under; call it before anything else touches TensorFlow.

    Args:
      kind: "auto" takes MultiWorkerMirroredStrategy where TF_CONFIG names a cluster,
        MirroredStrategy where there are GPUs (one or several) or virtual devices, and the default
        strategy on a CPU alone, where mirroring one device would only cost time.
      virtual_devices: splits the CPU into this many devices, to try replicas without GPUs.
      connect_timeout: seconds to wait for the other workers of TF_CONFIG.

    Raises:
      UserError: for an unknown kind, a TF_CONFIG that is wrong, or workers that do not come.
      Stopped: on SIGTERM or SIGINT while waiting for them.
    """
    if kind not in KINDS:
        raise UserError(f"Unknown strategy {kind!r}: expected one of {', '.join(KINDS)}.")
    if virtual_devices and kind not in ("auto", "mirrored"):
        raise UserError(f"--virtual_devices are replicas to mirror, not for --strategy={kind}.")
    cluster = clusters.parse(os.environ.get("TF_CONFIG", ""))
    if kind == "multiworker" and not cluster:
        raise UserError(
            f"--strategy=multiworker needs TF_CONFIG in the environment, say {clusters.EXAMPLE}."
        )
    devices = None
    if virtual_devices:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * virtual_devices
        )
        devices = [f"CPU:{i}" for i in range(virtual_devices)]
    # Ops whose order of summation may vary take their reproducible form: resume is bit for bit.
    tf.config.experimental.enable_op_determinism()
    if kind == "auto":
        if cluster:
            kind = "multiworker"
        elif devices or tf.config.list_physical_devices("GPU"):
            kind = "mirrored"
        else:
            kind = "default"
    if kind == "multiworker" and cluster:
        clusters.wait_for_peers(cluster, connect_timeout)
        return tf.distribute.MultiWorkerMirroredStrategy()
    if kind == "mirrored":
        return tf.distribute.MirroredStrategy(devices)
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker"
        and resolver.task_id == 0
        and "chief" not in resolver.cluster_spec().as_dict()
    )


def spans_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether other processes train with this one."""
    resolver = strategy.cluster_resolver
    if resolver is None:
        return False
    return sum(len(tasks) for tasks in resolver.cluster_spec().as_dict().values()) > 1


def mean_over_workers(value: float, strategy: tf.distribute.Strategy) -> float:
    """Returns the mean of a number that each worker has; all wait here for each other."""
    if not spans_workers(strategy):
        return value
    mine = tf.constant(float(value), tf.float64)
    return float(strategy.reduce("mean", strategy.run(lambda: mine), axis=None))


def hardware() -> str:
    """Returns what this process computes on, for a metrics file."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return f"{len(gpus)} x {name}"
    count = len(tf.config.list_logical_devices("CPU"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} CPU cores ({platform.machine()})" + (f", {count} replicas" * (count > 1))
