"""TensorFlow's start without its notes, and what a person needs to know of them in one sentence."""

import contextlib
import glob
import os
import sys
import tempfile
from collections.abc import Iterator

# Devices of NVIDIA's driver, as Linux lists them.
NVIDIA_DEVICES = "/dev/nvidia[0-9]*"
GPU_WITHOUT_CUDA = (
    "TensorFlow cannot use the GPU of this machine and takes the CPU: it needs NVIDIA's driver and "
    "requirements-gpu.txt. CUDA_VISIBLE_DEVICES=-1 chooses the CPU and hides this line."
)


@contextlib.contextmanager
def stderr_held_back() -> Iterator[None]:
    """Keeps what is written to stderr, by C++ too, and shows it only if the body raises."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException as error:
            sys.stderr.flush()
            os.dup2(saved, 2)
            if isinstance(error, Exception):
                held.seek(0)
                os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def set_environment() -> None:
    """Sets what TensorFlow reads from the environment, unless it is set already.

    TF_CPP_MIN_LOG_LEVEL=3: errors that matter are raised as exceptions; the rest of what the C++
    log calls an error is a missing GPU, or an optimisation that does not apply. Convolutions on a
    CPU are left to oneDNN, which TensorFlow by itself does on the newest processors alone.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for its devices, in silence.

    A GPU that TensorFlow cannot use is named once, in one line on stderr.
    """
    if "tensorflow" in sys.modules:
        return
    set_environment()
    with stderr_held_back():
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    # Hides warnings about retracing, which is normal when several models train in turn.
    tf.get_logger().setLevel("ERROR")
    if warning := find_unused_gpu(gpus):
        print(warning, file=sys.stderr)


def find_unused_gpu(gpus: list, devices: str = NVIDIA_DEVICES) -> str | None:
    """Returns a sentence if this machine has GPUs and TensorFlow none, though it may use them."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return GPU_WITHOUT_CUDA if not gpus and not hidden and glob.glob(devices) else None


def skip_graph_rewriting() -> None:
    """Has TensorFlow run graphs as they are instead of rewriting them before their first call.

    For programs that people wait for: the first answers of a flow come in half the time, and later
    ones take as long as before.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
