"""Tests of the zoo, beside the packages that they test.

TensorFlow is imported here, before any test module: without its start-up notes; with one thread per
operation, since two processes of tests keep two cores busy; without oneDNN's own allocator, which
never returns memory.
"""

import os

from zoo import tf_startup

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
tf_startup.import_tensorflow()
