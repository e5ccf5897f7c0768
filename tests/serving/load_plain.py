"""tf.saved_model.load where neither zoo nor keras can be imported: `load_plain.py MODEL CALLS`.

CALLS is a folder of SIGNATURE.N.npz files with the inputs; outputs go to SIGNATURE.N.plain.npz.
"""

import pathlib
import sys

sys.modules["zoo"] = sys.modules["keras"] = sys.modules["tf_keras"] = None

import numpy as np
import tensorflow as tf

model, calls = sys.argv[1], pathlib.Path(sys.argv[2])
loaded = tf.saved_model.load(model)
for call in sorted(calls.glob("*.inputs.npz")):
    signature, rows, _, _ = call.name.split(".")
    inputs = {name: tf.constant(value) for name, value in np.load(call).items()}
    outputs = loaded.signatures[signature](**inputs)
    np.savez(calls / f"{signature}.{rows}.plain.npz", **{k: v.numpy() for k, v in outputs.items()})
