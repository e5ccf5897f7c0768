"""Which exports convert to which formats, and how much the results differ."""

import logging
import pathlib
import tempfile
from collections.abc import Callable

import tensorflow as tf

import zoo
from zoo import files
from zoo.drawing import markdown
from zoo.errors import UserError
from zoo.exports import catalog, versions
from zoo.serving import convert

PAGE = "formats"
INTRODUCTION = """\
# Other formats

```bash
scripts/export.py --saved_model=cvae_mnist --format=litert --export_dir=converted
scripts/export.py --saved_model=cvae_mnist --format=onnx --export_dir=converted
```

convert an export: LiteRT (formerly TensorFlow Lite) to one file with all signatures, ONNX to a file
for each signature. ONNX needs `pip install ".[onnx]"`; the converter of LiteRT is in TensorFlow.
Where `sample` converts, seeds give the same samples as in the SavedModel. In ONNX an output that
has the name of an input is called `NAME_out`, and a label out of range is not refused.

The table shows, for each entry, the largest difference between the converted signatures and those
of the SavedModel on samples of the model, as a share of 1 or of the largest number, whichever is
more; and the signatures that do not convert. `scripts/benchmark.py formats --docs=docs` writes it.
GANs draw their codes with a generator of TensorFlow, and mixtures choose a component with the
complementary error function; both formats lack these. [formats.json](formats.json) names the
operations that each signature lacks. Where `decode` converts, draw the codes yourself.
"""


def measure(folder: pathlib.Path, announce: Callable[[str], None]) -> None:
    """Converts one trained model of each entry; writes formats.json and formats.md to a folder.

    Args:
      folder: of the page.
      announce: called with a line for each model and format.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    results: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for row in catalog.list_models(versions.SAVED_MODELS).rows:
            if row["entry"] in results:
                continue
            model = zoo.load(row["model"], versions.SAVED_MODELS)
            of_entry = results[row["entry"]] = {"model": row["model"]}
            for form in convert.FORMATS:
                of_entry[form] = _try_each(model, form, pathlib.Path(scratch))
                announce(f"{row['model']:24} {convert.TITLES[form]:7} {_describe(of_entry[form])}")
            tf.keras.backend.clear_session()
    files.write_json(folder / f"{PAGE}.json", results)
    files.write_text(folder / f"{PAGE}.md", build_page(results))


def _try_each(model, form, folder):
    """{signature: its difference, or why it does not convert}."""
    try:
        return convert.convert(model, "model", form, folder)
    except UserError:
        pass  # then one by one, to find out which
    found = {}
    for key in model.signatures:
        try:
            found |= convert.convert(model, "model", form, folder, [key])
        except UserError as error:
            found[key] = str(error)
    return found


def build_page(results: dict) -> str:
    """Returns the page of the results of `measure`."""
    rows = [
        {"Entry": entry} | {title: _describe(found[form]) for form, title in convert.TITLES.items()}
        for entry, found in sorted(results.items())
    ]
    return f"{INTRODUCTION}\n{markdown.table(rows)}\n"


def _describe(found):
    failed = [key for key, value in found.items() if isinstance(value, str)]
    differences = [value for value in found.values() if not isinstance(value, str)]
    parts = [f"{max(differences):.1e}"] if differences else []
    return ", ".join([*parts, *(f"not {key}" for key in failed)])
