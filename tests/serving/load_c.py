"""TensorFlow's C API by ctypes, with no Python TensorFlow: `load_c.py LIBRARIES`.

It is the loader that TF Serving uses. Lines and CALLS as for load_tensorflow.py, with a
tensors.json that maps each input and output to its name in the graph: {signature: [{input: name},
{output: name}]}.
"""

import ctypes
import json
import pathlib
import sys

sys.modules["zoo"] = sys.modules["keras"] = sys.modules["tensorflow"] = None

import numpy as np

libraries = pathlib.Path(sys.argv[1])
ctypes.CDLL(str(libraries / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
tf = ctypes.CDLL(str(libraries / "libtensorflow_cc.so.2"))
DTYPES = {1: np.float32, 3: np.int32}
CODES = {np.dtype(d): code for code, d in DTYPES.items()}
for name in ("NewStatus", "NewGraph", "NewSessionOptions", "LoadSessionFromSavedModel",
             "GraphOperationByName", "AllocateTensor", "TensorData"):  # fmt: skip
    getattr(tf, f"TF_{name}").restype = ctypes.c_void_p
tf.TF_Message.restype = ctypes.c_char_p
tf.TF_Dim.restype = ctypes.c_int64
tf.TF_TensorByteSize.restype = ctypes.c_size_t
pointer = ctypes.c_void_p


class Output(ctypes.Structure):
    _fields_ = [("operation", pointer), ("index", ctypes.c_int)]


status = pointer(tf.TF_NewStatus())


def check():
    if tf.TF_GetCode(status):
        sys.exit(tf.TF_Message(status).decode())


def find(graph, name):
    operation, index = name.split(":")
    found = tf.TF_GraphOperationByName(graph, operation.encode())
    return Output(found, int(index))


def to_tensor(array):
    dims = (ctypes.c_int64 * array.ndim)(*array.shape)
    tensor = pointer(
        tf.TF_AllocateTensor(CODES[array.dtype], dims, array.ndim, ctypes.c_size_t(array.nbytes))
    )
    content = np.ascontiguousarray(array)
    ctypes.memmove(tf.TF_TensorData(tensor), content.ctypes.data, array.nbytes)
    return tensor


def to_array(tensor):
    shape = [tf.TF_Dim(tensor, i) for i in range(tf.TF_NumDims(tensor))]
    content = ctypes.string_at(tf.TF_TensorData(tensor), tf.TF_TensorByteSize(tensor))
    return np.frombuffer(content, DTYPES[tf.TF_TensorType(tensor)]).reshape(shape)


def answer(model, calls):
    graph = pointer(tf.TF_NewGraph())
    session = pointer(
        tf.TF_LoadSessionFromSavedModel(
            *(pointer(tf.TF_NewSessionOptions()), None, str(model).encode()),
            *((ctypes.c_char_p * 1)(b"serve"), 1, graph, None, status),
        )
    )
    check()
    names = json.loads((calls / "tensors.json").read_text())
    for call in sorted(calls.glob("*.inputs.npz")):
        signature, rows, _, _ = call.name.split(".")
        inputs, outputs = names[signature]
        given = np.load(call)
        feeds = (Output * len(inputs))(*[find(graph, name) for name in inputs.values()])
        values = (pointer * len(inputs))(*[to_tensor(given[name]) for name in inputs])
        fetches = (Output * len(outputs))(*[find(graph, name) for name in outputs.values()])
        results = (pointer * len(outputs))()
        tf.TF_SessionRun(
            *(session, None, feeds, values, len(inputs), fetches, results, len(outputs)),
            *(None, 0, None, status),
        )
        check()
        made = {
            name: to_array(pointer(result)) for name, result in zip(outputs, results, strict=True)
        }
        np.savez(calls / f"{signature}.{rows}.c.npz", **made)


for line in sys.stdin:
    answer(*map(pathlib.Path, line.split()))
    print("done", flush=True)
