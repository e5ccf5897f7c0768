"""One file per family of models; `create` makes one by name."""

import sys
import types

from zoo.models.base import GenerativeModel
from zoo.models.registry import FAMILIES, check, create, description, from_description

__all__ = ["FAMILIES", "GenerativeModel", "check", "create", "description", "from_description"]


class _Callable(types.ModuleType):
    """Keeps `zoo.models()` of version 0.2 working; it is now `zoo.list_models()`."""

    def __call__(self, place=None):
        from zoo.exports import catalog

        return catalog.list_models(place)


sys.modules[__name__].__class__ = _Callable
