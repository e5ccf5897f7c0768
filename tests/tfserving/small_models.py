"""Small SavedModels that tests serve: y = x / 2 + 2 and the like, of TensorFlow 1 and 2."""

import pathlib

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

_V1 = tf.compat.v1


class _HalfPlus(tf.Module):
    def __init__(self, plus):
        self.half = tf.Variable(0.5)
        self.plus = tf.Variable(float(plus))

    def halve(self, x):
        return x * self.half + self.plus


def half_plus(path: pathlib.Path, plus: float = 2.0) -> pathlib.Path:
    """Writes a version of y = x / 2 + plus, for x of any shape [B, ...]; returns its path."""
    module = _HalfPlus(plus)

    def spec(name, shape, dtype=tf.float32):
        return tf.TensorSpec(shape, dtype, name)

    @tf.function(input_signature=[spec("x", None)])
    def default(x):
        return {"y": module.halve(x)}

    @tf.function(input_signature=[spec("a", [None]), spec("b", [None, 2], tf.int32)])
    def two(a, b):
        return {"sum": a + tf.cast(tf.reduce_sum(b, 1), tf.float32), "double": 2 * b}

    @tf.function(input_signature=[spec("text", [None], tf.string)])
    def echo(text):
        return {"text": text, "text_bytes": text}

    @tf.function(input_signature=[spec("x", [None])])
    def picky(x):
        with tf.control_dependencies([tf.debugging.assert_less(x, 10.0, "x is expected below 10")]):
            return {"y": module.halve(x)}

    @tf.function(input_signature=[spec("x", [None])])
    def slow(x):
        """Takes about a tenth of a second for 1.0, n times that for n."""
        rounds = tf.cast(100 * tf.reduce_max(x), tf.int32)
        matrix = tf.fill([400, 400], 1e-4) + tf.reduce_max(x) * 0
        total = tf.while_loop(
            lambda i, m: i < rounds, lambda i, m: (i + 1, tf.tanh(m @ matrix)), (0, matrix)
        )[1]
        return {"y": module.halve(x) + tf.reduce_sum(total) * 0}

    @tf.function(input_signature=[spec("flag", [None], tf.bool), spec("n", [None], tf.int64)])
    def kinds(flag, n):
        double = tf.cast(n, tf.float64) / 3
        return {"flag": ~flag, "n": -n, "third": double, "small": tf.cast(n, tf.uint8)}

    @tf.function(input_signature=[])
    def nothing():
        return {"y": tf.constant([1.0])}

    @tf.function(input_signature=[spec("x", [None])])
    def scalar(x):
        return {"mean": tf.reduce_mean(x)}

    @tf.function(input_signature=[spec("x", [None, 1])])
    def column(x):
        return {"y": module.halve(x)}

    @tf.function(input_signature=[spec("x", [None, 2])])
    def product(x):
        return {"y": tf.matmul(x, tf.ones([2, 1]))}

    @tf.function(input_signature=[spec("x", [None])])
    def about(x):
        """Has the name of a signature of the zoo's exports, and nothing else of it."""
        return {"y": module.halve(x)}

    functions = {
        "about": about,
        "column": column, "product": product,
        "two": two, "echo": echo, "picky": picky, "slow": slow, "kinds": kinds,
        "nothing": nothing, "scalar": scalar,
    }  # fmt: skip
    signatures = {"serving_default": default, **functions}
    tf.saved_model.save(module, str(path), signatures=signatures)
    return path


def declare_scalar(path: pathlib.Path, key: str) -> pathlib.Path:
    """Makes a signature claim scalars, which its graph does not keep to."""
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    signature = saved.meta_graphs[0].signature_def[key]
    for info in (*signature.inputs.values(), *signature.outputs.values()):
        del info.tensor_shape.dim[:]
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    return path


def of_tensorflow_1(path: pathlib.Path) -> pathlib.Path:
    """Writes y = x / 2 + 2 with signatures that predict, classify and regress tf.Examples."""
    utils = _V1.saved_model.signature_def_utils
    with tf.Graph().as_default(), _V1.Session() as session:
        serialized = _V1.placeholder(tf.string, [None], "examples")
        parsed = _V1.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([1], tf.float32)})
        plus = _V1.get_variable("plus", initializer=2.0)
        y = tf.identity(parsed["x"] * 0.5 + plus, "y")
        x = _V1.placeholder(tf.float32, [None], "x")
        labels = tf.tile(tf.constant([["low", "high"]]), [tf.shape(serialized)[0], 1])
        session.run(_V1.global_variables_initializer())
        info = _V1.saved_model.build_tensor_info
        classify = utils.classification_signature_def(
            serialized, tf.identity(labels), tf.concat([y, -y], 1)
        )
        scores = utils.build_signature_def(
            {"inputs": info(serialized)}, {"scores": info(y)}, "tensorflow/serving/classify"
        )
        builder = _V1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "serving_default": utils.predict_signature_def({"x": x}, {"y": x * 0.5 + plus}),
                "regress_x_to_y": utils.regression_signature_def(serialized, y),
                "classify_x_to_y": scores,
                "classify_with_labels": classify,
            },
        )
        builder.save()
    return path
