"""TF Serving's REST API over a Service, as an ASGI application."""

import asyncio
import gzip
import io
import logging
import re
import zlib

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from zoo.tfserving.contract import errors, examples, json_replies, json_requests, paths
from zoo.tfserving.request_metrics import RequestMetrics
from zoo.tfserving.service import Service, off_loop

MAX_BODY_BYTES = 64 << 20
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_log = logging.getLogger("zoo.tfserving")


def create_app(
    service: Service,
    metrics: RequestMetrics,
    timeout: float,
    metrics_path: str | None,
    cors: bool = False,
) -> Starlette:
    """Returns the application.

    Args:
      service: answers the requests.
      metrics: counts them.
      timeout: seconds for a request, from its first byte.
      metrics_path: path of the Prometheus page; None for none.
      cors: whether web pages of other hosts may read replies.
    """
    api = _Api(service, metrics, timeout, _CORS if cors else {})
    # TF Serving accepts "v" and "V".
    routes = [Route(f"/{v}1/{{rest:path}}", api.answer, methods=_METHODS) for v in "vV"]
    if metrics_path is not None:

        async def show_metrics(request: Request) -> Response:
            return Response(metrics.text(), media_type="text/plain")

        routes.append(Route(metrics_path, show_metrics))
    return Starlette(
        routes=routes,
        exception_handlers={404: _not_found, 405: _not_found},
    )


async def _not_found(request: Request, error: Exception) -> Response:
    text = json_replies.from_error(f"Not found: {request.method} {request.url.path}")
    return _json(text, 404)


class _Api:
    def __init__(self, service, metrics, timeout, headers):
        self._service, self._metrics, self._timeout = service, metrics, timeout
        self._headers = headers

    async def answer(self, request: Request) -> Response:
        """Answers anything under /v1/, errors included."""
        reply = await self._answer(request)
        reply.headers.update(self._headers)
        return reply

    async def _answer(self, request):
        try:
            async with asyncio.timeout(self._timeout):
                return await self._dispatch(request)
        except errors.ServingError as error:
            return _json(json_replies.from_error(error.message), error.http_status)
        except TimeoutError:
            return _json(json_replies.from_error("Timed out"), 504)
        except ClientDisconnect:
            return _json(json_replies.from_error("The client is gone"), 499)
        except Exception:  # a bug in the server
            _log.exception("%s %s failed", request.method, request.url.path)
            return _json(json_replies.from_error("Internal error of the server"), 500)

    async def _dispatch(self, request):
        raw = request.scope.get("raw_path", request.url.path.encode())
        path = raw.split(b"?")[0].decode("latin-1")
        with self._metrics.count("REST") as counted:
            body = await self._read_body(request)
            if request.method == "OPTIONS":
                return _preflight(request)
            call = paths.parse(request.method, path)
            counted.api = call.verb.capitalize()
            if self._service.knows(call.model.name):
                counted.model = call.model.name
            return _json(await getattr(self, f"_{call.verb}")(call.model, body), 200)

    async def _read_body(self, request):
        """Returns the body; 408 if it arrives too slowly, 413 if it is too large."""
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            raise _body_too_large()
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._timeout * 0.9):
                async for chunk in request.stream():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_BODY_BYTES:
                        raise _body_too_large()
        except TimeoutError:
            raise errors.ServingError(
                errors.StatusCode.DEADLINE_EXCEEDED,
                "The body of the request did not arrive in time",
                http_status=408,
            ) from None
        body = b"".join(chunks)
        if body and "gzip" in request.headers.get("content-encoding", ""):
            return await asyncio.to_thread(_unpack, body)
        return body

    async def _predict(self, model, body):
        parsed = await off_loop(len(body), json_requests.parse_predict, body)
        answer = await self._service.predict_json(model, parsed, len(body))
        size = sum(array.nbytes for array in answer.outputs.values())
        return await off_loop(size, json_replies.from_predictions, answer.outputs, parsed.by_rows)

    async def _classify(self, model, body):
        name, given = await off_loop(len(body), examples.parse_json, body)
        _, result = await self._service.classify(model, name, given)
        return json_replies.from_classifications(result.classes, result.scores)

    async def _regress(self, model, body):
        name, given = await off_loop(len(body), examples.parse_json, body)
        _, values = await self._service.regress(model, name, given)
        return json_replies.from_regressions(values)

    async def _metadata(self, model, body):
        return json_replies.from_metadata(await self._service.metadata(model))

    async def _status(self, model, body):
        return json_replies.from_status(self._service.status(model))


def _preflight(request):
    """Answers the CORS preflight of a browser."""
    if not re.search("https?://", request.headers.get("origin", "")):
        raise errors.ServingError(
            errors.StatusCode.FAILED_PRECONDITION, "Origin header is missing in CORS preflight"
        )
    return Response(media_type="application/json")


def _unpack(body):
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_BODY_BYTES + 1)
    except EOFError:
        raise errors.invalid("The gzip of the body ends too early") from None
    except (OSError, zlib.error) as error:
        raise errors.invalid(f"The body is not the gzip that its header says: {error}") from None
    if len(unpacked) > MAX_BODY_BYTES:
        raise _body_too_large()
    return unpacked


def _body_too_large():
    return errors.too_large(f"The body is larger than {MAX_BODY_BYTES} bytes")


def _json(text, status):
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")
