"""The values of a page's controls in its address: whoever opens it sees the same."""

import json
import urllib.parse
from collections.abc import Mapping

from nicegui import Client


class Address:
    """The query of a page's address.

    Args:
      client: the visitor's connection.
      path: of the page.
      query: what the address held when it was opened.
    """

    def __init__(self, client: Client, path: str, query: Mapping[str, str]):
        self.client, self.path, self.values = client, path, dict(query)
        self._prefix = ""

    def part(self, name: str) -> "Address":
        """Returns the same address for one control, whose values begin with its name.

        With the name "" they are those of the address itself.
        """
        made = Address(self.client, self.path, {})
        made.values, made._prefix = self.values, f"{name}." if name else ""
        return made

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Returns a number; the default if it is missing, not a number or out of range."""
        try:
            value = float(self.text(name, ""))
        except ValueError:
            return default
        return value if low <= value <= high else default  # not in range if it is not a number

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Returns a whole number, as `number` does."""
        return int(self.number(name, default, low, high))

    def text(self, name: str, default: str) -> str:
        """Returns a text; the default if it is missing."""
        return self.values.get(self._prefix + name, default)

    def set(self, **values) -> None:
        """Writes values into the address, without another entry in the browser's history."""
        self.values.update({self._prefix + name: str(value) for name, value in values.items()})
        query = urllib.parse.urlencode(self.values, safe=",")
        address = json.dumps(f"{self.path}?{query}")
        self.client.run_javascript(f'history.replaceState(history.state, "", {address})')
