"""The code that does what a control shows, with its present values, in Python and for curl."""

import json

import numpy as np
from nicegui import ui

from zoo.explore import pictures
from zoo.explore.collection import Collection, Entry
from zoo.explore.parts import button, download, quiet
from zoo.exports import versions

# Arrays with more numbers than this are read from a file.
INLINE = 100
# Where TensorFlow Serving and scripts/serve.py answer by default.
SERVER = "localhost:8501"


def inputs_file(entry: Entry, signature: str) -> str:
    """Returns the name of the file with the inputs of a call."""
    return f"{entry.name}_{signature}_inputs.npz"


def to_python(
    collection: Collection, entry: Entry, signature: str, inputs: dict[str, np.ndarray]
) -> str:
    """Returns a program that calls a signature with these inputs."""
    large = [name for name, array in inputs.items() if array.size > INLINE]
    lines = ["import numpy as np"] if large else []
    given = [entry.name]
    if collection.folder != versions.SAVED_MODELS:
        given.append(str(collection.folder))
    lines += ["import zoo", "", f"model = zoo.load({', '.join(map(json.dumps, given))})"]
    if large:
        lines.append(f'given = np.load("{inputs_file(entry, signature)}")')
    values = ", ".join(
        f'{name}=given["{name}"]' if name in large else f"{name}={_as_list(array)}"
        for name, array in inputs.items()
    )
    lines.append(f"found = model.{signature}({values})")
    return "\n".join(lines)


def to_curl(
    collection: Collection, entry: Entry, signature: str, inputs: dict[str, np.ndarray]
) -> str:
    """Returns a command that asks a model server the same."""
    # Another port answers gRPC.
    server = SERVER if "://" in collection.server else collection.server or SERVER
    url = f"http://{server}/v1/models/{entry.name}:predict"
    if any(array.size > INLINE for array in inputs.values()):
        return f"curl -d @request.json \\\n  {url}"
    values = ", ".join(f'"{name}": {_as_list(array)}' for name, array in inputs.items())
    body = f'{{"signature_name": "{signature}", "inputs": {{{values}}}}}'
    return f"curl -d '{body}' \\\n  {url}"


def to_request(signature: str, inputs: dict[str, np.ndarray]) -> bytes:
    """Returns the body of that request as a file."""
    arrays = {name: array.tolist() for name, array in inputs.items()}
    return json.dumps({"signature_name": signature, "inputs": arrays}).encode()


def _as_list(array):
    """The shortest text that reads as the same float32 numbers, or whole ones."""
    if array.dtype.kind != "f":
        return json.dumps(array.tolist())
    if array.ndim:
        return f"[{', '.join(map(_as_list, array))}]"
    return np.format_float_positional(np.float32(array), trim="0")


class Code:
    """A panel to open under a control.

    Args:
      collection: of all models.
      entry: the model.
      title: of the control.
    """

    def __init__(self, collection: Collection, entry: Entry, title: str):
        self.collection, self.entry = collection, entry
        self.signature, self.inputs = "", {}
        text = f"In code: {title.lower()}"
        self.panel = ui.expansion(text, icon="code", on_value_change=self._write)
        with self.panel.classes("w-full"):
            quiet("Python").classes("mt-2")
            self.python = ui.code("", language="python").classes("w-full")
            quiet("A request to TensorFlow Serving, or to scripts/serve.py").classes("mt-2")
            self.curl = ui.code("", language="bash").classes("w-full")
            with ui.row().classes("gap-2") as self.files:
                for name, save in (
                    ("Inputs (.npz)", self._save_inputs),
                    ("request.json", self._save_request),
                ):
                    made = button(name, save, icon="download")
                    made.props(f'aria-label="{title}: {name}"')

    def set(self, signature: str, **inputs) -> None:
        """Sets the call that the code makes."""
        self.signature = signature
        self.inputs = {name: np.asarray(value) for name, value in inputs.items()}
        self._write()

    def _write(self):
        if not (self.panel.value and self.signature):
            return
        given = self.collection, self.entry, self.signature, self.inputs
        self.python.set_content(to_python(*given))
        self.curl.set_content(to_curl(*given))
        self.files.set_visibility(any(a.size > INLINE for a in self.inputs.values()))

    async def _save_inputs(self):
        inputs = dict(self.inputs)
        name = inputs_file(self.entry, self.signature)
        await download(lambda: pictures.to_npz(**inputs), name)

    async def _save_request(self):
        signature, inputs = self.signature, dict(self.inputs)
        await download(lambda: to_request(signature, inputs), "request.json")
