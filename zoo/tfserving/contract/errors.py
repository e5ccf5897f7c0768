"""Errors as TF Serving reports them: a code of gRPC, which REST maps to an HTTP status."""

from grpc import StatusCode

_HTTP_STATUS = {
    StatusCode.OK: 200,
    StatusCode.CANCELLED: 499,
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.DEADLINE_EXCEEDED: 504,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.ABORTED: 409,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.UNAVAILABLE: 503,
}
_BY_NUMBER = {code.value[0]: code for code in StatusCode}


class ServingError(Exception):
    """A request that cannot be answered.

    Attributes:
      code: grpc.StatusCode.
      message: for the client.
      http_status: of the reply over REST.
    """

    def __init__(self, code: StatusCode, message: str, http_status: int | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status or _HTTP_STATUS.get(code, 500)


def invalid(message: str) -> ServingError:
    """Returns the error for a request that is wrong whatever the state of the server."""
    return ServingError(StatusCode.INVALID_ARGUMENT, message)


def too_large(message: str) -> ServingError:
    """Returns the error for a request that exceeds a size limit: 413 over REST."""
    return ServingError(StatusCode.RESOURCE_EXHAUSTED, message, http_status=413)


def code_of(number: int) -> StatusCode:
    """Returns the code with this number, UNKNOWN if there is none."""
    return _BY_NUMBER.get(number, StatusCode.UNKNOWN)


def from_tensorflow(error) -> ServingError:
    """Returns a tf.errors.OpError as a ServingError, without the stack trace of the graph."""
    message = str(error.message).partition("\n\nOriginal stack trace")[0].strip()
    return ServingError(code_of(error.error_code), message)
