"""TensorFlow without its start-up notes, which it writes to the file descriptor of stderr."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


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


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for its devices, in silence.

    Convolutions on a CPU are left to oneDNN, which TensorFlow by itself does on the newest
    processors alone; TF_ENABLE_ONEDNN_OPTS=0 in the environment keeps it from doing so.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with stderr_held_back():
        import tensorflow as tf

        tf.config.list_physical_devices()
