"""The stand-in could serve another project: it imports nothing of the zoo but its errors."""

import ast
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "zoo" / "tfserving"


def _imports(path):
    """Dotted names of all modules of the zoo that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_it_imports_nothing_of_the_zoo_but_errors():
    files = sorted(FOLDER.rglob("*.py"))
    names = {(path.name, name) for path in files for name in _imports(path)}
    allowed = ("zoo.tfserving.", "zoo.tfserving", "zoo.errors.")
    assert len(files) > 15
    assert not {n for n in names if n[1].split(".")[0] == "zoo" and not n[1].startswith(allowed)}
