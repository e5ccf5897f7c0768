"""TF Serving's gRPC services over a Service, by the official stubs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import grpc
from google.protobuf import message
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
    status_pb2,
)

from zoo.tfserving.contract import errors, examples, protos
from zoo.tfserving.contract.errors import ServingError, StatusCode
from zoo.tfserving.contract.paths import ModelSpec
from zoo.tfserving.request_metrics import RequestMetrics
from zoo.tfserving.service import Answer, Service, off_loop

_METHODS = {"classify": "tensorflow/serving/classify", "regress": "tensorflow/serving/regress"}
# Clients drop replies whose error message exceeds a few thousand bytes.
_SHOWN = 2000
_log = logging.getLogger("zoo.tfserving")


def add_services(server: grpc.aio.Server, service: Service, metrics: RequestMetrics) -> None:
    """Adds PredictionService and ModelService to a server."""
    answers = _Answers(metrics)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(service, answers), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(service, answers), server
    )


class ParseRequests(grpc.aio.ServerInterceptor):
    """Answers malformed messages with INVALID_ARGUMENT; gRPC itself would answer UNKNOWN."""

    async def intercept_service(self, continuation, handler_call_details):
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        parse, answer = handler.request_deserializer, handler.unary_unary

        async def parse_and_answer(data, context):
            try:
                request = parse(data)
            except message.DecodeError:
                text = "The request is not a valid message of this method"
                await context.abort(StatusCode.INVALID_ARGUMENT, text)
            return await answer(request, context)

        return grpc.unary_unary_rpc_method_handler(
            parse_and_answer, response_serializer=handler.response_serializer
        )


class _Answers:
    """Counts calls and aborts those that fail."""

    def __init__(self, metrics):
        self._metrics = metrics

    @contextlib.asynccontextmanager
    async def to(self, context, api: str, service: Service, proto) -> AsyncIterator[ModelSpec]:
        """Yields the ModelSpec of a request."""
        async with _errors_as_status(context, api):
            with self._metrics.count("GRPC") as counted:
                counted.api = api
                spec = _read_spec(proto)
                if service.knows(spec.name):
                    counted.model = spec.name
                yield spec


@contextlib.asynccontextmanager
async def _errors_as_status(context, api):
    """Aborts a call with the code and text of the error that the body raises."""
    try:
        yield
    except ServingError as error:
        await context.abort(error.code, error.message[:_SHOWN])
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception:  # a bug in the server
        _log.exception("%s failed", api)
        await context.abort(StatusCode.INTERNAL, "Internal error of the server")


def _read_spec(request):
    if not request.HasField("model_spec"):
        raise errors.invalid("Missing ModelSpec")
    return to_model_spec(request.model_spec)


def to_model_spec(proto: model_pb2.ModelSpec) -> ModelSpec:
    """Returns the model and version that a proto names."""
    choice = proto.WhichOneof("version_choice")
    return ModelSpec(
        proto.name,
        proto.version.value if choice == "version" else None,
        proto.version_label if choice == "version_label" else None,
    )


def _spec_proto(answer: Answer):
    spec = model_pb2.ModelSpec(name=answer.model, signature_name=answer.signature)
    spec.version.value = answer.version
    return spec


def _predict_reply(answer):
    reply = predict_pb2.PredictResponse(model_spec=_spec_proto(answer))
    for name, array in answer.outputs.items():
        reply.outputs[name].CopyFrom(protos.to_proto(array, answer.dtypes[name]))
    return reply


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference, GetModelMetadata."""

    def __init__(self, service: Service, answers: _Answers):
        self._service, self._answers = service, answers

    async def Predict(self, request, context):
        async with self._answers.to(context, "Predict", self._service, request) as spec:
            inputs = await off_loop(request.ByteSize(), protos.to_arrays, request.inputs)
            name, wanted = request.model_spec.signature_name, list(request.output_filter)
            answer = await self._service.predict(spec, name, inputs, wanted)
            size = sum(array.nbytes for array in answer.outputs.values())
            return await off_loop(size, _predict_reply, answer)

    async def Classify(self, request, context):
        async with self._answers.to(context, "Classify", self._service, request) as spec:
            name = request.model_spec.signature_name
            answer, result = await self._service.classify(spec, name, request.input)
            return classification_pb2.ClassificationResponse(
                model_spec=_spec_proto(answer), result=examples.classification_proto(result)
            )

    async def Regress(self, request, context):
        async with self._answers.to(context, "Regress", self._service, request) as spec:
            name = request.model_spec.signature_name
            answer, values = await self._service.regress(spec, name, request.input)
            return regression_pb2.RegressionResponse(
                model_spec=_spec_proto(answer), result=examples.regression_proto(values)
            )

    async def MultiInference(self, request, context):
        first = request.tasks[0] if request.tasks else inference_pb2.InferenceTask()
        async with self._answers.to(context, "MultiInference", self._service, first) as spec:
            if any(task.model_spec.name != spec.name for task in request.tasks):
                raise errors.invalid(
                    "All ModelSpecs in a MultiInferenceRequest must access the same model name."
                )
            names = [task.model_spec.signature_name for task in request.tasks]
            if len(set(names)) < len(names):
                raise errors.invalid(f"Duplicate evaluation of signature: {names[0]}")
            reply = inference_pb2.MultiInferenceResponse()
            for task in request.tasks:
                reply.results.append(await self._infer(task, request.input))
            return reply

    async def _infer(self, task, given):
        spec, name = to_model_spec(task.model_spec), task.model_spec.signature_name
        if task.method_name == _METHODS["classify"]:
            answer, result = await self._service.classify(spec, name, given)
            filled = {"classification_result": examples.classification_proto(result)}
        elif task.method_name == _METHODS["regress"]:
            answer, values = await self._service.regress(spec, name, given)
            filled = {"regression_result": examples.regression_proto(values)}
        else:
            raise ServingError(
                StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        return inference_pb2.InferenceResult(model_spec=_spec_proto(answer), **filled)

    async def GetModelMetadata(self, request, context):
        async with self._answers.to(context, "GetModelMetadata", self._service, request) as spec:
            if not request.metadata_field:
                raise errors.invalid(
                    "GetModelMetadataRequest must specify at least one metadata_field"
                )
            unknown = [field for field in request.metadata_field if field != "signature_def"]
            if unknown:
                raise errors.invalid(f"Metadata field {unknown[0]} is not supported")
            return await self._service.metadata(spec)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus, HandleReloadConfigRequest."""

    def __init__(self, service: Service, answers: _Answers):
        self._service, self._answers = service, answers

    async def GetModelStatus(self, request, context):
        async with self._answers.to(context, "GetModelStatus", self._service, request) as spec:
            return self._service.status(spec)

    async def HandleReloadConfigRequest(self, request, context):
        async with _errors_as_status(context, "HandleReloadConfigRequest"):
            await self._service.reload(request.config)
        return model_management_pb2.ReloadConfigResponse(status=status_pb2.StatusProto())
