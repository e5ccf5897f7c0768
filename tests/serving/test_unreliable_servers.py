"""What a client says to servers that are none, or fail: the cause, in one line and no traceback."""

import concurrent.futures
import http.server
import socket
import ssl
import subprocess
import threading
import time
import traceback

import grpc
import pytest

import zoo
from tests.tfserving.model_server import Server
from zoo.benchmarks.servers import free_ports
from zoo.serving.client import Refused

METADATA = b'{"model_spec": {"name": "m"}, "metadata": {"signature_def": {"signature_def": {}}}}'


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers as its server's `fault` says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        getattr(self, f"_{self.server.fault}")()

    def log_message(self, *args):
        pass

    def _reply(self, body, status=200, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _good(self):
        self._reply(METADATA)

    def _html(self):
        self._reply(b"<html>Welcome</html>")

    def _other(self):
        self._reply(b'{"tag_name": "v1"}')

    def _list(self):
        self._reply(b"[1, 2]", 404)

    def _expects_https(self):
        self._reply(b"Client sent an HTTP request to an HTTPS server.", 400)

    def _circle(self):
        self._reply(b"", 302, Location=self.path)

    def _cut(self):
        self._reply(METADATA[:20], length=len(METADATA))
        self.close_connection = True

    def _stalls(self):
        self._reply(METADATA[:20], length=len(METADATA))
        self.wfile.flush()
        time.sleep(2)

    def _closed(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _closed_once(self):
        if self.server.asked == 1:
            self._closed()
        else:
            self._good()


@pytest.fixture
def odd():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.fault, server.asked = "good", 0
    server.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def refused(place, timeout=5.0):
    with pytest.raises(Refused) as caught:
        zoo.connect(place, "m", timeout=timeout)
    assert "\n" not in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Traceback") == 1, shown
    return str(caught.value)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("html", "is not a model server: it answers 200 with something else."),
        ("other", "is not a model server: it answers 200 with something else."),
        ("list", "is not a model server: it answers 404 with something else."),
        ("expects_https", "If it expects HTTPS, write https://127.0.0.1:"),
        ("circle", "redirects without end: it is not a model server."),
        ("cut", "the answer was cut off."),
        ("closed", "if it is the port of gRPC, write grpc://127.0.0.1:"),
    ],
)
def test_servers_that_are_not(odd, fault, text):
    odd.fault = fault
    assert text in refused(f"127.0.0.1:{odd.port}")


def test_a_body_that_stalls(odd):
    odd.fault = "stalls"
    assert "did not answer within 0.5 s." in refused(f"127.0.0.1:{odd.port}", timeout=0.5)


def test_a_connection_that_was_closed_is_asked_once_more(odd):
    odd.fault = "closed_once"
    zoo.connect(f"127.0.0.1:{odd.port}", "m")
    assert odd.asked == 2


def test_schemes_and_certificates(odd, tmp_path, monkeypatch):
    assert "does not speak HTTPS: write http://127.0.0.1:" in refused(
        f"https://127.0.0.1:{odd.port}"
    )
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    names = ["-subj", "/CN=elsewhere", "-addext", "subjectAltName=DNS:elsewhere"]
    subprocess.run(
        [*["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names],
         "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.fault, server.asked = "good", 0
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    assert (
        "certificate of the server is refused: self-signed certificate. The environment's"
        in refused(f"https://127.0.0.1:{port}")
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    text = refused(f"https://127.0.0.1:{port}")
    assert "IP address mismatch" in text and "REQUESTS_CA_BUNDLE" not in text
    refused(f"http://127.0.0.1:{port}")
    server.shutdown()
    server.server_close()


class _Answers(grpc.GenericRpcHandler):
    """Every method of every service fails as it is told."""

    def __init__(self, code, details):
        self.code, self.details = code, details

    def service(self, details):
        def answer(request, context):
            context.abort(self.code, self.details)

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (None, "is not a model server."),
        ((grpc.StatusCode.UNIMPLEMENTED, "Op Foo is not supported"), "says UNIMPLEMENTED: Op Foo"),
        ((grpc.StatusCode.UNAVAILABLE, "the queue is full"), "says UNAVAILABLE: the queue is full"),
        ((grpc.StatusCode.NOT_FOUND, "no model proxy"), "says NOT_FOUND: no model proxy"),
    ],
)
def test_what_a_server_of_grpc_says_is_not_guessed(answers, text):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    if answers:
        server.add_generic_rpc_handlers([_Answers(*answers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert text in refused(f"grpc://127.0.0.1:{port}", timeout=20)
    server.stop(0)


def test_a_proxy_of_grpc_that_refuses(odd, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{odd.port}")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    text = refused("grpc://models.example:8500", timeout=20)
    assert "no_grpc_proxy=models.example connects without it" in text


def test_a_proxy_that_is_not_there(odd, monkeypatch):
    [port] = free_ports(1)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert "NO_PROXY=models.example connects without it" in refused("models.example:8501")


@pytest.mark.thorough
def test_swapped_ports_ipv6_and_no_server_at_all(tmp_path):
    (tmp_path / "models.config").write_text("model_config_list {}")
    host = "::1" if socket.has_ipv6 else "127.0.0.1"
    flags = [f"--model_config_file={tmp_path / 'models.config'}", f"--host={host}"]
    server, at = Server(*flags, log=tmp_path / "log"), f"[{host}]" if ":" in host else host
    assert f"write grpc://{at}:{server.port}" in refused(f"{at}:{server.port}")
    assert f"write http://{at}:{server.rest_port}" in refused(f"grpc://{at}:{server.rest_port}")
    for place in (f"{at}:{server.rest_port}", f"grpc://{at}:{server.port}"):
        assert "Servable not found for request: Latest(m)" in refused(place)
    server.stop()
    [port] = free_ports(1)
    for place in (f"127.0.0.1:{port}", f"grpc://127.0.0.1:{port}"):
        assert "No server answers at" in refused(place)
