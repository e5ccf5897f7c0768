"""The client gives over both protocols what zoo.load gives; the curl lines of the docs work."""

import json
import pathlib
import re
import socket
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

import zoo
from tests.processes import call
from tests.tfserving import small_models
from tests.tfserving.model_server import ROOT, Server
from zoo.benchmarks.servers import free_ports
from zoo.errors import UserError
from zoo.exports.signature_inputs import ORDER
from zoo.serving.client import Refused

CONFIG = ROOT / "saved_models" / "models.config"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Two of the committed models, as models.config has them."""
    folder = tmp_path_factory.mktemp("client")
    for name in ("cvae_mnist", "gmvae_mnist"):
        (folder / name).symlink_to(ROOT / "saved_models" / name)
    entries = re.findall(r"  config \{.*?\n  \}\n", CONFIG.read_text(), re.DOTALL)
    kept = [e for e in entries if '"cvae_mnist"' in e or '"gmvae_mnist"' in e]
    (folder / "models.config").write_text(f"model_config_list {{\n{''.join(kept)}}}\n")
    made = Server(
        f"--model_config_file={folder / 'models.config'}", "--enable_batching", log=folder / "log"
    )
    assert "/models/cvae_mnist is " in made.log()
    yield made
    made.stop()


@pytest.fixture(scope="module", params=["http", "grpc"])
def place(server, request):
    return (
        f"127.0.0.1:{server.rest_port}"
        if request.param == "http"
        else (f"grpc://127.0.0.1:{server.port}")
    )


@pytest.mark.parametrize(
    "name", ["cvae_mnist", pytest.param("gmvae_mnist", marks=pytest.mark.thorough)]
)
def test_every_signature_as_from_zoo_load(place, name):
    local, remote = zoo.load(ROOT / "saved_models" / name), zoo.connect(place, name)
    assert {k: list(v) for k, v in remote.signatures.items()} == dict(local.signatures)
    assert remote.conditional == local.conditional
    assert remote.spec == local.spec and remote.inputs == local.inputs
    for signature, names in local.signatures.items():
        rows = 3 if "x" in names else 40
        given = [local.inputs[key].example(rows) for key in names]
        expected, answer = (getattr(m, signature)(*given) for m in (local, remote))
        if not isinstance(expected, dict):
            expected, answer = {"": expected}, {"": answer}
        for key, value in expected.items():
            np.testing.assert_allclose(answer[key], value, rtol=2e-4, atol=2e-5)
            assert answer[key].dtype == value.dtype
    assert remote.status() == {int(local.path.name): "AVAILABLE"}
    assert "seed: int32 [B]" in remote.sample.__doc__


def test_many_rows_go_in_several_calls(server):
    """More than a message of gRPC takes."""
    remote = zoo.connect(f"grpc://127.0.0.1:{server.port}", "cvae_mnist", label="stable")
    x = np.random.default_rng(0).random([1500, 28, 28, 1], np.float32)
    local = zoo.load(ROOT / "saved_models" / "cvae_mnist")
    y = np.arange(1500) % 10
    np.testing.assert_allclose(remote.encode(x, y)["loc"], local.encode(x, y)["loc"], atol=1e-4)


def test_mistakes_are_named(place, server):
    remote = zoo.connect(place, "cvae_mnist")
    with pytest.raises(UserError, match=r"label y=12 is out of range: expected 0 .. 9"):
        remote.sample([1], [12])
    with pytest.raises(UserError, match="takes seed, y; given: seed"):
        remote.sample([1])
    with pytest.raises(UserError, match="does not know how a model was trained"):
        _ = remote.config
    with pytest.raises(AttributeError, match="no signature 'sampel'. Did you mean 'sample'?"):
        _ = remote.sampel
    with pytest.raises(Refused, match=r"Servable not found for request: Latest\(nope\)"):
        zoo.connect(place, "nope")
    with pytest.raises(Refused, match="Unrecognized servable version label: x"):
        zoo.connect(place, "cvae_mnist", label="x")
    with pytest.raises(Refused, match=r"Specific\(cvae_mnist, 7\)"):
        zoo.connect(place, "cvae_mnist", version=7)
    [port] = free_ports(1)
    with pytest.raises(Refused, match="No server answers at"):
        zoo.connect(place.rsplit(":", 1)[0] + f":{port}", "cvae_mnist")
    for wrong in ("ftp://localhost:1", "::1:8501", "http://localhost:x", ""):
        with pytest.raises(UserError, match="expected HOST:PORT"):
            zoo.connect(wrong, "cvae_mnist")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Refused, match=r"did not answer within 0.2 s"):
            zoo.connect(place.rsplit(":", 1)[0] + f":{port}", "cvae_mnist", timeout=0.2)


def test_equal_seeds_give_equal_images_by_all_paths(server):
    """In process, over REST and gRPC, alone and among the rows of others."""
    local = zoo.load(ROOT / "saved_models" / "cvae_mnist").sample([7, 8], [3, 5])
    for place in (f"127.0.0.1:{server.rest_port}", f"grpc://127.0.0.1:{server.port}"):
        remote = zoo.connect(place, "cvae_mnist")
        np.testing.assert_allclose(remote.sample([7, 8], [3, 5]), local, atol=1e-5)
        np.testing.assert_allclose(remote.sample([8], [5])[0], local[1], atol=1e-5)
        among = remote.sample([*range(100, 130), 7], [*[1] * 30, 3])
        np.testing.assert_allclose(among[-1], local[0], atol=1e-5)


def test_it_needs_no_tensorflow(place):
    code = f"""
import sys, zoo
model = zoo.connect("{place}/", "cvae_mnist")
print(model.sample([1, 2], [3, "4"]).shape, "tensorflow" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(2, 28, 28, 1) False\n", "")


def test_the_help_of_a_method_says_what_it_takes(place):
    remote, local = (zoo.connect(place, "gmvae_mnist"), zoo.load(ROOT / "saved_models/gmvae_mnist"))
    assert (
        remote.sample_cluster.__doc__.splitlines()[1:]
        == (local.sample_cluster.__doc__.splitlines()[1:])
    )
    assert remote.inputs["cluster"].high == local.inputs["cluster"].high


def test_models_of_others_have_the_names_of_their_signatures(tmp_path):
    small_models.half_plus(tmp_path / "half" / "1")
    server = Server(
        "--model_name=half", f"--model_base_path={tmp_path / 'half'}", log=tmp_path / "log"
    )
    try:
        for place in (f"127.0.0.1:{server.rest_port}", f"grpc://127.0.0.1:{server.port}"):
            remote = zoo.connect(place, "half", version="1")
            assert remote.signatures["two"] == ["a", "b"]
            answer = remote.two(a=[1.0, 2.0], b=[[1, 2], [3, 4]])
            np.testing.assert_array_equal(answer["sum"], [4, 9])
            with pytest.raises(zoo.UserError, match="version='x': expected a whole number"):
                zoo.connect(place, "half", version="x")
            assert remote.signatures["about"] == ["x"]
            kinds = remote.kinds(flag=[1], n=[7])
            assert kinds["third"].dtype == np.float64 and kinds["small"].dtype == np.uint8
    finally:
        server.stop()


def test_scripts_draw_from_a_server(server, tmp_path):
    flags = [f"--server=127.0.0.1:{server.rest_port}", "--model_name=cvae_mnist"]
    done = call("sample.py", *flags, "--count=20", f"--out={tmp_path / 'remote.png'}")
    assert done.returncode == 0, done.stderr
    saved = f"--saved_model={ROOT / 'saved_models' / 'cvae_mnist'}"
    done = call("sample.py", saved, "--count=20", f"--out={tmp_path / 'local.png'}")
    images = [np.asarray(PIL.Image.open(tmp_path / n), int) for n in ("remote.png", "local.png")]
    # One has the class names above its columns.
    height = min(len(i) for i in images)
    assert np.abs(images[0][-height:] - images[1][-height:]).max() <= 1
    out = tmp_path / "walk.gif"
    done = call("interpolate.py", *flags, "--seeds=1,2", "--label=3", f"--out={out}")
    assert done.returncode == 0 and out.exists(), done.stderr
    done = call("interpolate.py", *flags, "--images=1,2", f"--out={out}")
    assert done.returncode == 2 and "does not know how a model was trained" in done.stderr
    [port] = free_ports(1)
    done = call("sample.py", f"--server=127.0.0.1:{port}", flags[1], f"--out={out}")
    assert done.returncode == 2 and "No server answers" in done.stderr
    assert "Retrying" not in done.stderr
    done = call("sample.py", flags[0], f"--out={out}")
    assert done.returncode == 2 and "--server needs --model_name" in done.stderr


def _curl_lines():
    for page in ("README.md", "BUILD.md", "docs/serving.md"):
        text = (ROOT / page).read_text().replace("\\\n", " ")
        yield from ((page, line) for line in text.splitlines() if line.startswith("curl "))


def test_curl_lines_of_the_docs_work_as_printed(server):
    lines = list(_curl_lines())
    asked = " ".join(line for _, line in lines)
    assert all(f'"{name}"' in asked for name in ("sample", "restyle", "score"))
    for page, line in lines:
        line = line.replace("localhost:8501", f"127.0.0.1:{server.rest_port}")
        done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True)
        reply = json.loads(done.stdout)
        assert done.returncode == 0 and "error" not in reply, (page, line, done.stdout[:300])


def test_the_order_of_inputs_is_that_of_the_exports():
    for config in pathlib.Path(ROOT / "saved_models").glob("*/*/assets.extra/config.json"):
        for name, given in json.loads(config.read_text())["signatures"].items():
            order = [key for key in ORDER.get(name, given) if key in given]
            assert order == given, (config, name)
