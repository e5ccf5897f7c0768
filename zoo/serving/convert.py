"""Exports as LiteRT (formerly TensorFlow Lite) and ONNX, by the formats' own converters."""

import functools
import pathlib
import re
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from zoo import files, tf_startup
from zoo.errors import UserError
from zoo.serving import golden
from zoo.serving.loading import LoadedModel

# Largest difference, relative to 1 or to the largest number of an answer, whichever is more.
TOLERANCE = 1e-5
# The first version of ONNX's operators that has all that the graphs need.
_OPSET = 18


def convert(
    model: LoadedModel,
    name: str,
    form: str,
    folder: pathlib.Path,
    signatures: Sequence[str] = (),
) -> dict[str, float]:
    """Writes a model in another format and runs it there; returns {signature: difference}.

    LiteRT gives FOLDER/NAME.tflite with all signatures, ONNX a file NAME.SIGNATURE.onnx for each.
    An output of ONNX that has the name of an input is called NAME_out. The difference is the
    largest between the converted model and the export on the inputs of its golden answers.

    Args:
      model: the export.
      name: of the model.
      form: "litert" or "onnx".
      folder: for the files.
      signatures: to convert; all of them if empty.

    Raises:
      UserError: if the converter of the format is not installed, cannot convert a signature, or
        makes something that cannot be run; no file is written then. If the export has no golden
        answers.
    """
    # Compares on golden answers: an encoder's output for noise changes with the last bit.
    requests = {key: answer.inputs for key, answer in golden.read_answers(model.path).items()}
    keys = list(signatures or model.signatures)
    contents, runs = _CONVERTERS[form](model, name, keys)
    differences = {}
    for key in keys:
        answer = _guard(functools.partial(runs[key], requests[key]), f"{name}.{key}", form)
        differences[key] = golden.difference(model.run(key, requests[key]), answer)
    for file, content in contents.items():
        with files.atomic(folder / file) as temporary:
            temporary.write_bytes(content)
    return differences


def _to_litert(model, name, keys):
    """{file: content}, one of all signatures, and {signature: a function of its inputs}."""

    def convert_all():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(model.path), signature_keys=keys)
        content = converter.convert()
        interpreter = tf.lite.Interpreter(model_content=content)
        interpreter.allocate_tensors()
        return content, {key: interpreter.get_signature_runner(key) for key in keys}

    content, runners = _guard(convert_all, name, "litert")
    runs = {key: lambda given, key=key: runners[key](**given) for key in keys}
    return {f"{name}.tflite": content}, runs


def _to_onnx(model, name, keys):
    """{file: content}, one of each signature, and {signature: a function of its inputs}."""
    try:
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise UserError(
            f'ONNX needs the package {error.name}: pip install "generative-zoo[onnx]".'
        ) from error

    def convert_one(key):
        names = model.signatures[key]
        specs = [_spec(model.inputs[n]) for n in names]
        proto, _ = tf2onnx.convert.from_function(
            tf.function(_renamed(model.module.signatures[key], names), specs),
            input_signature=specs,
            opset=_OPSET,
            custom_op_handlers={"BroadcastArgs": (_broadcast_args, [])},
        )
        content = proto.SerializeToString()
        # It rejects TensorFlow operations that the converter left in.
        return content, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    contents, runs = {}, {}
    for key in keys:
        content, session = _guard(functools.partial(convert_one, key), f"{name}.{key}", "onnx")
        contents[f"{name}.{key}.onnx"] = content
        runs[key] = _runner(session, model.signatures[key])
    return contents, runs


_CONVERTERS: dict[str, Callable] = {"litert": _to_litert, "onnx": _to_onnx}
FORMATS = tuple(_CONVERTERS)
TITLES = {"litert": "LiteRT", "onnx": "ONNX"}


def _guard(work, what, form):
    """Calls a converter or an interpreter; turns its error into a UserError."""
    with tf_startup.stderr_held_back(), warnings.catch_warnings(action="ignore"):
        try:
            return work()
        except Exception as raised:  # converters raise whatever their parts raise
            error = raised
    # The operation that a format lacks is named among many other lines.
    pattern = r"'tf\.(\w+)' op is neither|No Op registered for (\w+)"
    unknown = sorted({a or b for a, b in re.findall(pattern, str(error))})
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
    if unknown:
        reason = f"it has no {', '.join(unknown)}"
        if re.search(r'see current operation: .* = "tf\.\w+"\(.*f64', str(error)):
            reason += " for float64"
    raise UserError(f"{what} cannot be converted to {TITLES[form]}: {reason}.") from error


def _spec(given):
    return tf.TensorSpec([None, *given.shape], given.dtype, given.name)


def _renamed(signature, names):
    """A signature with positional inputs, and no output named like an input."""

    def function(*tensors):
        outputs = signature(**dict(zip(names, tensors, strict=True)))
        return {f"{n}_out" if n in names else n: value for n, value in outputs.items()}

    return function


def _runner(session, names):
    """A function that runs an ONNX graph, with the signature's names of inputs and outputs."""
    taken = {given.name for given in session.get_inputs()}

    def run(given):
        outputs = [output.name for output in session.get_outputs()]
        values = session.run(outputs, {n: v for n, v in given.items() if n in taken})
        back = {f"{n}_out": n for n in names}
        return {back.get(o, o): value for o, value in zip(outputs, values, strict=True)}

    return run


def _broadcast_args(context, node, name, args):
    """BroadcastArgs, the broadcast of two shapes, which tf2onnx lacks."""
    import tf2onnx

    sizes = [context.get_shape(given)[0] for given in node.input]
    dtype, output = context.get_dtype(node.output[0]), node.output[0]
    numpy_type = tf2onnx.utils.map_onnx_to_numpy_type(dtype)
    ones = context.make_const(f"{name}/ones", np.ones(abs(sizes[0] - sizes[1]), numpy_type))
    shapes = list(node.input)
    if sizes[0] != sizes[1]:
        short = int(sizes[0] > sizes[1])
        padded = [ones.output[0], shapes[short]]
        shapes[short] = context.make_node("Concat", padded, attr={"axis": 0}).output[0]
    one = context.make_const(f"{name}/one", np.array(1, numpy_type)).output[0]
    is_one = context.make_node("Equal", [shapes[0], one]).output[0]
    context.remove_node(node.name)
    shape = [max(sizes)]
    context.make_node(
        "Where",
        [is_one, shapes[1], shapes[0]],
        name=name,
        outputs=[output],
        shapes=[shape],
        dtypes=[dtype],
    )
