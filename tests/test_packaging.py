"""What is installed: requirements, extras, the command `zoo`."""

import ast
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.processes import ROOT, call
from zoo.cli import command_line

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Names of modules that are not those of their packages.
PACKAGES = {
    "absl": "absl-py",
    "apache_beam": "apache-beam",
    "google": "protobuf",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "tensorflow_datasets": "tensorflow-datasets",
    "tensorflow_probability": "tensorflow-probability",
    "tensorflow_serving": "tensorflow-serving-api",
    "yaml": "pyyaml",
}


def read(*lines):
    """{package: its requirement} of lines as pip reads them."""
    parts = (line.partition("#")[0].strip() for line in lines)
    made = [Requirement(part) for part in parts if part and not part.startswith("-r")]
    return {canonicalize_name(r.name): r for r in made}


def pins(name):
    return read(*(ROOT / name).read_text().splitlines())


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", PROJECT["dependencies"] + EXTRAS["serve"] + EXTRAS["explore"]),
        ("requirements-dev.txt", EXTRAS["dev"] + EXTRAS["onnx"]),
        ("requirements-bench.txt", EXTRAS["bench"]),
        ("requirements-gpu.txt", EXTRAS["gpu"]),
    ],
)
def test_pins_are_of_the_project_and_within_its_ranges(file, wanted):
    pinned, ranges = pins(file), read(*wanted)
    assert set(pinned) == set(ranges)
    for name, requirement in pinned.items():
        (pin,) = requirement.specifier
        assert pin.operator == "==" and ranges[name].specifier.contains(pin.version), name


def test_pins_of_beam_are_within_the_ranges_and_hold_what_the_job_imports():
    pinned, ranges = pins("requirements-beam.txt"), read(*PROJECT["dependencies"], *EXTRAS["beam"])
    assert set(pinned) <= set(ranges)
    for name, requirement in pinned.items():
        (pin,) = requirement.specifier
        assert ranges[name].specifier.contains(pin.version), name
    imported = third_party("scripts/batch_infer.py", "zoo/serving/beam_job.py")
    missing = {canonicalize_name(PACKAGES.get(name, name)) for name in imported} - set(pinned)
    assert not missing, missing


def third_party(*files):
    """Names of the packages that files of the zoo import at their start, and those they import."""
    seen, found, todo = set(), set(), [ROOT / file for file in files]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.parse(path.read_text()).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.split(".")[0] == "zoo":
                    todo += [p for p in modules(name) if p.exists()]
                elif name.split(".")[0] not in sys.stdlib_module_names:
                    found.add(name.split(".")[0])
    return found


def modules(name):
    """Files that may hold a module of the zoo, and the packages around it."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:count])
        yield base / "__init__.py"
        yield base.with_suffix(".py")


def test_every_extra_that_an_error_names_is_there():
    assert set(command_line.EXTRAS.values()) <= set(EXTRAS)
    ranges = {extra: read(*lines) for extra, lines in EXTRAS.items()}
    named = {"grpc_health": "grpcio-health-checking"}
    for module, extra in command_line.EXTRAS.items():
        assert canonicalize_name(named.get(module, module)) in ranges[extra], module


def test_the_command_runs_the_scripts_and_lists_them(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code = (
        "import sys; sys.modules['tensorflow'] = None; "
        "from zoo.cli import command_line; command_line.main()"
    )

    def zoo(*argv):
        command = [sys.executable, "-c", code, *argv]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = zoo()
    assert done.returncode == 0
    for path in (ROOT / "scripts").glob("*.py"):
        assert f"  {path.stem} " in done.stdout
    done = zoo("trian")
    assert done.returncode == 2 and "Unknown command 'trian'. Did you mean 'train'?" in done.stderr
    done = zoo("train", "--model=cvea")
    assert done.returncode == 2 and "Did you mean 'cvae'?" in done.stderr
    done = zoo("models")
    assert done.returncode == 0 and "cvae_mnist" in done.stdout and not done.stderr


def test_outside_of_a_checkout_it_is_said_where_models_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.exports.versions.SAVED_MODELS", tmp_path / "saved_models")
    done = call("models.py")
    assert done.returncode == 0
    assert f"looked for in {tmp_path / 'saved_models'}, which does not exist" in done.stdout
    assert "ZOO_MODELS" in done.stdout
    done = call("sample.py", "--saved_model=cvae", "--out=x.png", cwd=tmp_path)
    assert done.returncode == 2


def test_a_package_of_an_extra_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "zoo.serving.beam_job", raising=False)
    flags = [f"--saved_model={ROOT / 'saved_models' / 'cvae_mnist'}", "--signature=encode"]
    done = call("batch_infer.py", *flags, "--dataset=mnist", f"--out={tmp_path}")
    assert done.returncode == 2
    assert "apache_beam is missing: pip install 'generative-zoo[beam]', or req" in done.stderr


def test_exports_are_bytes_to_git():
    """A clone with core.autocrlf=true would otherwise change texts that have a SHA-256."""
    paths = sorted((ROOT / "saved_models").glob("*/*/assets.extra/*"))[:5]
    asked = subprocess.run(
        ["git", "check-attr", "text", *paths, "saved_models/cvae_mnist/README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if asked.returncode:
        pytest.skip("not a git checkout")
    assert all(line.endswith("text: unset") for line in asked.stdout.splitlines()), asked.stdout
