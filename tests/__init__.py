"""Tests of the zoo, beside the packages that they test.

TensorFlow is imported here, before any test module: without its start-up notes, and with one thread
per operation, since two processes of tests keep two cores busy.
"""

import os

from zoo import tf_startup

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
tf_startup.import_tensorflow()
