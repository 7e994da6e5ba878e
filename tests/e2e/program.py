# SPDX-License-Identifier: Apache-2.0
"""Programs that serve on the loopback, and that a test may kill and start again on the same port."""

import http.client
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import time

BACKSTOP_SECONDS = 60  # For what takes a few seconds on a healthy machine.
# Below the ports that connections get: one of those could take the port of a program that is down for a moment.
_PORTS = range(20000, 32000)


def free_port():
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def eventually(holds, what, seconds=BACKSTOP_SECONDS):
    """Waits for what nobody tells of: asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"it never came that {what}")
        time.sleep(0.02)


class Program:
    """A program that runs from start() to stop() or kill(); ready when `ready_url` answers 200."""

    def __init__(self, log, argv, ready_url, ca_file=None, environment=None):
        self.log = pathlib.Path(log)
        self.argv = [str(argument) for argument in argv]
        self._ready_url = ready_url
        self._ca_file = ca_file
        self._environment = environment
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        """Starts the program, again where it ran before, and waits until it is ready."""
        self.launch()
        eventually(self.is_ready, f"{self.log.stem} is ready")
        return self

    def launch(self):
        """Starts the program without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.argv, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def require_running(self):
        if not self.running:
            raise RuntimeError(f"{self.argv[0]} ended with status {self._process.returncode}:\n{self.tail()}")

    def is_ready(self):
        self.require_running()
        scheme, _, rest = self._ready_url.partition("://")
        host, _, path = rest.partition("/")
        if scheme == "https":
            context = ssl.create_default_context(cafile=self._ca_file)
            connection = http.client.HTTPSConnection(host, timeout=BACKSTOP_SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(host, timeout=BACKSTOP_SECONDS)
        try:
            connection.request("GET", f"/{path}")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def send_signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """Ends the program as a lack of memory would."""
        if self.running:
            self._process.kill()
        self._process.wait()

    def stop(self):
        """Ends the program as its operator would, and returns its exit status."""
        if self._process is None:
            return 0
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(BACKSTOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode
