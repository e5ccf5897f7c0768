"""TensorFlow's saved_model_cli where neither zoo nor keras can be imported; as load_plain.py."""

import pathlib
import sys

sys.modules["zoo"] = sys.modules["keras"] = sys.modules["tf_keras"] = None

import numpy as np
from absl import flags
from tensorflow.python.tools import saved_model_cli

model, calls = sys.argv[1], pathlib.Path(sys.argv[2])
for call in sorted(calls.glob("*.inputs.npz")):
    signature, rows, _, _ = call.name.split(".")
    given = []
    for name, value in np.load(call).items():
        path = calls / f"{signature}.{rows}.{name}.npy"
        np.save(path, value)
        given.append(f"{name}={path}")
    out = calls / f"{signature}.{rows}.out"
    options = ["--dir", model, "--tag_set", "serve", "--signature_def", signature]
    options += ["--inputs", ";".join(given), "--outdir", str(out)]
    flags.FLAGS(["saved_model_cli", *options])
    saved_model_cli.run()
    outputs = {file.stem: np.load(file) for file in out.glob("*.npy")}
    np.savez(calls / f"{signature}.{rows}.cli.npz", **outputs)
