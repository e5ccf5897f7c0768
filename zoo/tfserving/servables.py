"""A version of a SavedModel in memory, loaded into a session as TF Serving does.

Any SavedModel with the tag "serve" can be loaded, whether TensorFlow 1 or 2 wrote it.
"""

import gc
import pathlib
import threading
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from zoo.tfserving.contract import errors, examples, protos, signatures

TAG = "serve"
WARM_UP = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
MAX_WARM_UPS = 1000


def make_session_config() -> config_pb2.ConfigProto:
    """Returns the configuration of sessions, with graph rewriting disabled.

    TensorFlow would rewrite the whole graph once per signature. This doubles the time to load a
    model and does not make its answers faster.
    """
    session = config_pb2.ConfigProto()
    session.graph_options.rewrite_options.disable_meta_optimizer = True
    return session


class Loading(NamedTuple):
    """How versions are loaded.

    Attributes:
      threads: number of versions loaded at the same time.
      warm_ups: how often the warm-up requests of a version run before it is served; 0 for never.
      tags: of the graph in a SavedModel.
      session: how TensorFlow runs graphs; its own defaults if None.
    """

    threads: int = 1
    warm_ups: int = 1
    tags: tuple[str, ...] = (TAG,)
    session: config_pb2.ConfigProto | None = None


class Servable:
    """One version of a model.

    Attributes:
      name: of the model.
      version: of the model.
      signatures: {name: Signature}.
      protos: {name: SignatureDef}.
    """

    def __init__(self, name: str, version: int, path: pathlib.Path, loading: Loading | None = None):
        """Loads the version at `path`.

        Args:
          name, version: of the model.
          path: of the SavedModel.
          loading: how; its defaults if None.

        Raises:
          ServingError: with TensorFlow's code and reason.
        """
        self.name, self.version = name, version
        loading = loading or Loading()
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph, config=loading.session)
        self._callables, self._lock = {}, threading.Lock()
        self._running, self._idle = 0, threading.Condition(self._lock)
        try:
            with self._graph.as_default():
                meta = tf.compat.v1.saved_model.load(self._session, list(loading.tags), str(path))
        except tf.errors.OpError as error:
            self.close()
            raise errors.from_tensorflow(error) from error
        except Exception as error:  # damaged files fail in many ways
            self.close()
            reason = str(error).strip() or type(error).__name__
            raise errors.ServingError(errors.StatusCode.UNKNOWN, reason) from error
        # Metadata lists all signatures, including the initialisation, which requests cannot call.
        self.protos = dict(meta.signature_def)
        self.signatures = {
            key: signatures.Signature.from_proto(key, proto)
            for key, proto in self.protos.items()
            if not key.startswith("__")
        }

    def run(
        self, key: str, inputs: dict[str, np.ndarray], outputs: tuple[str, ...]
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature by their names.

        Args:
          key: of the signature.
          inputs: as `signatures.complete` returns them.
          outputs: names.

        Raises:
          ServingError: with the code that TensorFlow gives.
        """
        function = self._callable(key, outputs)
        try:
            values = function(*inputs.values())
        except tf.errors.OpError as error:
            raise errors.from_tensorflow(error) from error
        finally:
            with self._lock:
                self._running -= 1
                self._idle.notify_all()
        # A scalar string is bytes; NumPy would strip trailing zeros.
        values = [np.array(v, object) if isinstance(v, bytes) else np.asarray(v) for v in values]
        return dict(zip(outputs, values, strict=True))

    def _callable(self, key, outputs):
        with self._lock:
            if (key, outputs) not in self._callables:
                signature = self.signatures[key]
                options = config_pb2.CallableOptions(
                    feed=[given.tensor for given in signature.inputs.values()],
                    fetch=[signature.outputs[name].tensor for name in outputs],
                )
                # As TF Serving does: without Python's casts and shape checks, a call costs a fifth.
                self._callables[key, outputs] = self._session._make_callable_from_options(options)
            self._running += 1
            return self._callables[key, outputs]

    def warm_up(self, path: pathlib.Path) -> int:
        """Runs the requests in a version's file of warm-up requests; returns their number.

        Raises:
          ServingError: if one fails, or there are more than MAX_WARM_UPS.
        """
        count = 0
        for count, log in enumerate(_read_logs(path / WARM_UP), 1):
            if count > MAX_WARM_UPS:
                raise errors.invalid(
                    f"Number of warmup records exceeds the maximum ({MAX_WARM_UPS}) at "
                    f"{path / WARM_UP}"
                )
            for key, inputs, outputs in self._requests(log):
                self.run(key, inputs, outputs)
        return count

    def _requests(self, log):
        """Yields the runs that one logged request needs."""
        kind = log.WhichOneof("log_type")
        if kind == "predict_log":
            yield self._predict(log.predict_log.request)
        elif kind == "classify_log":
            yield self._examples(log.classify_log.request, examples.check_classifier)
        elif kind == "regress_log":
            yield self._examples(log.regress_log.request, examples.check_regressor)
        elif kind == "multi_inference_log":
            request = log.multi_inference_log.request
            for task in request.tasks:
                signature = signatures.find(self.signatures, task.model_spec.signature_name)
                rows = examples.serialize(request.input)
                yield signature.key, {examples.INPUTS: rows}, tuple(signature.outputs)
        else:
            raise errors.ServingError(
                errors.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}"
            )

    def _predict(self, request: predict_pb2.PredictRequest):
        signature = signatures.find(self.signatures, request.model_spec.signature_name)
        given = protos.to_arrays(request.inputs)
        outputs = signatures.select_outputs(signature, list(request.output_filter))
        return signature.key, signatures.complete(signature, given), outputs

    def _examples(self, request, check):
        signature = check(self.signatures, request.model_spec.signature_name)
        rows = examples.serialize(request.input)
        return signature.key, {examples.INPUTS: rows}, tuple(signature.outputs)

    def close(self) -> None:
        """Waits for running requests; `settle_memory` then frees the memory."""
        with self._lock:
            self._idle.wait_for(lambda: not self._running)
        self._callables = {}
        self._session.close()
        self._graph = self._session = None


def settle_memory() -> None:
    """Collects reference cycles such as graphs, then freezes the remaining objects.

    JSON requests create many lists, so Python collects often; each collection would visit all of
    TensorFlow's objects and take several times as long as answering.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _read_logs(path) -> Iterator[prediction_log_pb2.PredictionLog]:
    if not path.exists():
        return
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except tf.errors.OpError as error:
        raise errors.from_tensorflow(error) from error
    except Exception as error:
        raise errors.ServingError(
            errors.StatusCode.DATA_LOSS, f"Please verify your warmup data. Unable to parse: {error}"
        ) from error
