"""tf.saved_model.load and saved_model_cli where neither zoo nor keras can be imported.

Takes lines "MODEL CALLS" and says when each is done. CALLS is a folder of SIGNATURE.N.inputs.npz
files; outputs go to SIGNATURE.N.plain.npz, and for N = 7 to SIGNATURE.N.cli.npz, too: the command
loads the model for each call.
"""

import contextlib
import pathlib
import sys

sys.modules["zoo"] = sys.modules["keras"] = sys.modules["tf_keras"] = None

import numpy as np
import tensorflow as tf
from absl import flags
from tensorflow.python.tools import saved_model_cli


def call_loaded(loaded, signature, inputs, file):
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    outputs = loaded.signatures[signature](**tensors)
    np.savez(file, **{name: output.numpy() for name, output in outputs.items()})


def call_cli(model, signature, inputs, file):
    given, out = [], file.with_suffix(".out")
    for name, value in inputs.items():
        path = file.with_suffix(f".{name}.npy")
        np.save(path, value)
        given.append(f"{name}={path}")
    options = ["--dir", model, "--tag_set", "serve", "--signature_def", signature]
    options += ["--inputs", ";".join(given), "--outdir", str(out)]
    flags.FLAGS(["saved_model_cli", *options])
    saved_model_cli.run()
    np.savez(file, **{output.stem: np.load(output) for output in out.glob("*.npy")})


def answer(model, calls):
    loaded = tf.saved_model.load(model)
    for call in sorted(calls.glob("*.inputs.npz")):
        signature, rows, _, _ = call.name.split(".")
        inputs = dict(np.load(call).items())
        call_loaded(loaded, signature, inputs, calls / f"{signature}.{rows}.plain.npz")
        if rows == "7":
            with contextlib.redirect_stdout(sys.stderr):
                call_cli(model, signature, inputs, calls / f"{signature}.{rows}.cli.npz")


for line in sys.stdin:
    model, calls = line.split()
    answer(model, pathlib.Path(calls))
    print("done", flush=True)
