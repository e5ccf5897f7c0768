"""The error of a client."""

from zoo.errors import UserError


class Refused(UserError):
    """The server refused a request, did not answer in time or is not there."""
