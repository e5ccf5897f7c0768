"""Which devices train: one CPU, one or several GPUs, or several machines."""

import json
import os

import tensorflow as tf

from zoo.errors import UserError

KINDS = ("auto", "default", "mirrored", "multiworker")


def create(kind: str = "auto", virtual_devices: int = 0) -> tf.distribute.Strategy:
    """Returns the strategy to train under; call it before anything else touches TensorFlow.

    Args:
      kind: "auto" takes MultiWorkerMirroredStrategy where TF_CONFIG names a cluster,
        MirroredStrategy where there are GPUs (one or several) or virtual devices, and the default
        strategy on a CPU alone, where mirroring one device would only cost time.
      virtual_devices: splits the CPU into this many devices, to try replicas without GPUs.
    """
    if kind not in KINDS:
        raise UserError(f"Unknown strategy {kind!r}: expected one of {', '.join(KINDS)}.")
    if virtual_devices and kind not in ("auto", "mirrored"):
        raise UserError(f"--virtual_devices are replicas to mirror, not for --strategy={kind}.")
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG", "{}")).get("cluster")
    except (ValueError, AttributeError) as error:
        raise UserError(f"TF_CONFIG is no JSON object: {error}.") from error
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
    if kind == "multiworker":
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
