"""Places behind web servers that fail: one line says how, or the cache helps."""

import http.server
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

import zoo
from tests.entries import METRICS
from tests.tfserving.model_server import ROOT
from zoo import configs, files, models
from zoo.configs.spec import Spec
from zoo.exports import manifests, repository
from zoo.serving import export

NAME = "gmm_ring"


class Unreliable(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, or fails as its server's `fault` says, on paths that end with `where`."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        fault = server.fault if self.path.endswith(server.where) else None
        if self.path.startswith("/moved"):
            self.path = self.path.removeprefix("/moved")
            fault = None
        if self.path.startswith("http://"):  # a proxy is asked for whole addresses
            self.path = "/" + self.path.split("/", 3)[3]
        if fault is None:
            super().do_GET()
        elif isinstance(fault, int):
            self.send_error(fault)
        else:
            getattr(self, f"_{fault}")()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass

    def _reply(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _html(self):
        self._reply(b"<html>Please sign in</html>")

    def _redirect(self):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def _moved(self):
        self.send_response(301)
        self.send_header("Location", f"/moved{self.path}")
        self.end_headers()

    def _slow(self):
        body = pathlib.Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for part in (body[:5], body[5:10], body[10:]):
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(0.15)

    def _silent(self):
        time.sleep(1.0)

    def _cut(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def _short(self):
        self._reply(b"half", 1000)

    def _changed(self):
        self._reply(b"not what was exported")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A folder with two versions of a model."""
    folder = tmp_path_factory.mktemp("models")
    model = models.create(configs.get_tiny("gmm", dataset="ring"), Spec((2,), 4))
    for _ in range(2):
        export.export(model, folder, METRICS)
    return folder


@pytest.fixture
def server(exported, tmp_path, monkeypatch):
    def handler(*args):
        return Unreliable(*args, directory=exported)

    made = http.server.ThreadingHTTPServer(("localhost", 0), handler)
    made.fault, made.where, made.asked = None, "", []
    made.address = f"http://localhost:{made.server_address[1]}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(repository, "TIMEOUT", 0.4)
    yield made
    made.shutdown()
    made.server_close()


@pytest.mark.parametrize(
    ("fault", "where", "text"),
    [
        (404, "", "has no model 'gmm_ring' of version 2."),
        (500, "", "cannot be read: 500"),
        ("html", "manifest.json", "is not a manifest of an export, or damaged"),
        ("redirect", "", "cannot be read: "),
        ("silent", "", "did not answer within 0.4 s."),
        ("cut", "", "cannot be read: "),
        ("short", "manifest.json", "cannot be read: "),
        ("short", "variables.index", "cannot be read: "),
        ("changed", "saved_model.pb", "saved_model.pb is not the file that was exported"),
        (404, "saved_model.pb", "gmm_ring/2 lacks a file that its manifest lists"),
    ],
)
def test_a_fault_is_said_in_one_line_and_leaves_nothing(server, tmp_path, fault, where, text):
    server.fault, server.where = fault, where
    with pytest.raises(zoo.UserError) as caught:
        repository.find_version(NAME, server.address, 2)
    assert text in str(caught.value) and "\n" not in str(caught.value)
    assert server.address in str(caught.value) or "is not the file" in str(caught.value)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize("fault", ["moved", "slow"])
def test_what_takes_longer_arrives(server, fault):
    server.fault = fault
    server.where = "" if fault == "moved" else ".json"
    path = repository.find_version(NAME, server.address, 2)
    manifests.check_files(path, NAME)
    assert path.parts[-2:] == (NAME, "2")


@pytest.mark.parametrize("fault", [500, "silent", "html", "cut", "gone"])
def test_the_cache_helps_where_the_place_does_not(server, capsys, fault):
    fetched = repository.find_version(NAME, server.address)
    repository.find_version(NAME, server.address, 1)
    assert not capsys.readouterr().err
    server.fault = fault
    if fault == "gone":
        server.shutdown()
        server.server_close()
    assert repository.find_version(NAME, server.address) == fetched
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"The copy in the cache is used: {fetched}" in said
    assert repository.find_version(NAME, server.address, 1).name == "1"
    with pytest.raises(zoo.UserError):
        repository.find_version("gmm_grid", server.address, 1)


def test_a_damaged_copy_is_fetched_again(server):
    path = repository.find_version(NAME, server.address, 2)
    (path / "saved_model.pb").write_bytes(b"damaged")
    assert repository.find_version(NAME, server.address, 2) == path
    manifests.check_files(path, NAME)
    (path / "saved_model.pb").unlink()
    asked = len(server.asked)
    manifests.check_files(repository.find_version(NAME, server.address, 2), NAME)
    assert len(server.asked) > asked + 2
    repository.find_version(NAME, server.address, 2)


def test_a_copy_that_came_from_elsewhere_helps_too(server):
    """Both addresses have the same export: it is fetched once, and known for both."""
    first = repository.find_version(NAME, server.address, 2)
    moved = f"{server.address}/moved"
    asked = len(server.asked)
    assert repository.find_version(NAME, moved, 2) == first and len(server.asked) == asked + 1
    server.shutdown()
    server.server_close()
    assert repository.find_version(NAME, moved, 2) == first


@pytest.mark.parametrize("text", ["", "../..", "{}", "[1]", "0123456789abcdef"])
def test_an_index_that_is_damaged_is_made_again(server, tmp_path, text):
    path = repository.find_version(NAME, server.address, 2)
    [index] = (tmp_path / "cache" / "index").glob("*/2")
    index.write_text(text)
    server.fault = 500
    with pytest.raises(zoo.UserError, match="cannot be read"):
        repository.find_version(NAME, server.address, 2)
    server.fault = None
    assert repository.find_version(NAME, server.address, 2) == path
    server.fault = 500
    assert repository.find_version(NAME, server.address) == path


def test_what_the_place_says_is_not_hidden_by_the_cache(server):
    repository.find_version(NAME, server.address, 2)
    with pytest.raises(zoo.UserError, match="has no model 'gmm_ring' of version 0"):
        repository.find_version(NAME, server.address, 0)
    server.fault = 404
    with pytest.raises(zoo.UserError, match="has no model 'gmm_ring' of version 2"):
        repository.find_version(NAME, server.address, 2)


def test_two_readers_fill_the_cache_at_once(server, tmp_path):
    server.fault, server.where = "slow", ".json"
    code = (
        "from zoo.exports.repository import find_version; "
        f"print(find_version('{NAME}', '{server.address}', 2))"
    )
    env = {**os.environ, "ZOO_CACHE": str(tmp_path / "both")}
    command = [sys.executable, "-c", code]
    readers = [
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    one, other = (reader.communicate(timeout=120)[0].strip() for reader in readers)
    assert one == other
    manifests.check_files(pathlib.Path(one), NAME)
    assert not list((tmp_path / "both").rglob("*.tmp"))


def test_the_environments_proxy_is_asked(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    path = repository.find_version(NAME, "http://models.example", 2)
    manifests.check_files(path, NAME)
    assert "http://models.example/gmm_ring/2/saved_model.pb" in server.asked


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("htp://host/models", "htp://host/models cannot be read: Protocol not known: htp"),
        ("http://localhost:1/models", "http://localhost:1/models cannot be read: "),
        ("zip://models::file://{0}/broken.zip", "cannot be read: File is not a zip file"),
    ],
)
def test_addresses_that_nothing_reads(tmp_path, address, text):
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(zoo.UserError) as caught:
        repository.find_version(NAME, address.format(tmp_path), 1)
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_told_from_the_place(server, tmp_path, monkeypatch):
    files.write_json(tmp_path / "file", {})
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(zoo.UserError, match="The cache .*file cannot be written .*ZOO_CACHE"):
        repository.find_version(NAME, server.address, 2)
