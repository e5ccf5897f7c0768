"""Runs scripts/serve.py in a separate process, for benchmarks and tests."""

import contextlib
import pathlib
import signal
import socket
import subprocess
import sys
import time

_SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "serve.py"


def free_ports(count: int) -> list[int]:
    """Returns free ports of this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class ServerProcess:
    """A server that is ready for requests.

    Attributes:
      process: subprocess.Popen.
      port: of gRPC.
      rest_port: of REST.
    """

    def __init__(self, *flags, log: pathlib.Path, until: str = "Ready:"):
        """Starts a server and waits until it is ready.

        Args:
          *flags: flags of scripts/serve.py other than ports.
          log: file for its output.
          until: the output that ends the wait.

        Raises:
          RuntimeError: if it exits before it is ready; contains its output.
        """
        self.port, self.rest_port = free_ports(2)
        self._log = pathlib.Path(log)
        ports = [f"--port={self.port}", f"--rest_api_port={self.rest_port}"]
        command = [sys.executable, str(_SCRIPT), *ports, *map(str, flags)]
        with open(log, "w") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        while until not in self.log():
            if self.process.poll() is not None:
                raise RuntimeError(self.log())
            time.sleep(0.05)

    def log(self) -> str:
        """Returns the output of the server so far."""
        return self._log.read_text()

    def memory(self) -> int:
        """Returns the bytes that the server holds (Linux)."""
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * 4096

    def stop(self) -> int:
        """Stops the server; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)
