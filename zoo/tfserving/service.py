"""Answers requests independently of the protocol; the front ends only translate."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    input_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from zoo.tfserving.contract import errors, examples, json_requests, signatures
from zoo.tfserving.contract.examples import Classifications
from zoo.tfserving.contract.paths import ModelSpec
from zoo.tfserving.manager import ModelManager
from zoo.tfserving.request_batching import BatchScheduler

# Rows of one request.
MAX_ROWS = 100_000
_LARGE = 1 << 18


async def off_loop(size: int, function: Callable, *args) -> Any:
    """Returns function(*args); runs it in a thread if `size` bytes would block the event loop."""
    return function(*args) if size < _LARGE else await asyncio.to_thread(function, *args)


class Answer(NamedTuple):
    """Outputs of a signature.

    Attributes:
      model: name of the model.
      version: its version.
      signature: name of the signature.
      outputs: {name: array}.
      dtypes: {name: dtype in the graph}, because NumPy has no bfloat16.
    """

    model: str
    version: int
    signature: str
    outputs: dict[str, np.ndarray]
    dtypes: dict[str, tf.DType]


class Service:
    """Predictions, classifications, regressions, metadata and states of a manager's models."""

    def __init__(self, manager: ModelManager, scheduler: BatchScheduler):
        self._manager, self._scheduler = manager, scheduler

    def knows(self, name: str) -> bool:
        """Whether a model of that name is configured."""
        return name in self._manager.available()

    async def predict(
        self,
        spec: ModelSpec,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        wanted: list[str],
    ) -> Answer:
        """Returns the outputs of a signature for arrays.

        Args:
          spec: of the model.
          signature_name: "" for the default one.
          inputs: {name: array}.
          wanted: outputs to compute; all of them if empty.

        Raises:
          ServingError: if the model is not served, inputs do not fit, or the graph fails.
        """
        async with self._manager.use(spec) as servable:
            signature = signatures.find(servable.signatures, signature_name)
            return await self._run(servable, signature, inputs, wanted)

    async def predict_json(
        self, spec: ModelSpec, body: json_requests.PredictBody, size: int
    ) -> Answer:
        """Returns the outputs of a signature for a REST request whose body had `size` bytes.

        Raises:
          ServingError: as `predict`, with the codes of REST.
        """
        async with self._manager.use(spec) as servable:
            signature = signatures.find_for_rest(servable.signatures, body.signature_name)
            arrays = await off_loop(size, json_requests.to_arrays, body, signature.inputs)
            return await self._run(servable, signature, arrays, [])

    async def classify(
        self, spec: ModelSpec, signature_name: str, given: input_pb2.Input
    ) -> tuple[Answer, Classifications]:
        """Returns labels and scores of tf.Examples.

        Raises:
          ServingError: INVALID_ARGUMENT if the signature is not a classifier.
        """
        answer, rows = await self._examples(spec, signature_name, given, examples.check_classifier)
        return answer, examples.to_classifications(answer.outputs, rows)

    async def regress(
        self, spec: ModelSpec, signature_name: str, given: input_pb2.Input
    ) -> tuple[Answer, np.ndarray]:
        """Returns a number for each tf.Example.

        Raises:
          ServingError: INVALID_ARGUMENT if the signature is not a regressor.
        """
        answer, rows = await self._examples(spec, signature_name, given, examples.check_regressor)
        return answer, examples.to_regressions(answer.outputs, rows)

    async def _examples(self, spec, signature_name, given, check):
        async with self._manager.use(spec) as servable:
            signature = check(servable.signatures, signature_name)
            rows = examples.serialize(given)
            answer = await self._run(servable, signature, {examples.INPUTS: rows}, [])
            return answer, len(rows)

    async def _run(self, servable, signature, inputs, wanted):
        outputs = signatures.select_outputs(signature, wanted)
        whole = signatures.complete(signature, inputs)
        rows = signatures.rows(whole) if whole else None
        if rows is not None and rows > MAX_ROWS:
            raise errors.too_large(f"The request has {rows} rows, at most {MAX_ROWS} are answered")
        values = await self._scheduler.run(servable, signature.key, whole, outputs)
        dtypes = {name: signature.outputs[name].dtype for name in outputs}
        return Answer(servable.name, servable.version, signature.key, values, dtypes)

    async def metadata(self, spec: ModelSpec) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures of a model.

        Raises:
          ServingError: NOT_FOUND if it is not served.
        """
        async with self._manager.use(spec) as servable:
            signature_defs = get_model_metadata_pb2.SignatureDefMap()
            for name, proto in servable.protos.items():
                signature_defs.signature_def[name].CopyFrom(proto)
            reply = get_model_metadata_pb2.GetModelMetadataResponse()
            reply.model_spec.name = servable.name
            reply.model_spec.version.value = servable.version
            reply.metadata["signature_def"].Pack(signature_defs)
            return reply

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions.

        Raises:
          ServingError: NOT_FOUND if none is known.
        """
        return self._manager.status(spec)

    async def reload(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        """Serves the models of a config and no others.

        Raises:
          ServingError: as `ModelManager.reload`.
        """
        await self._manager.reload(config)
