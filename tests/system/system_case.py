# SPDX-License-Identifier: Apache-2.0
"""The base of the system tests: Lamina on a folder that outlives it, its client, raw requests."""

import http.client
import json
import os
import signal
import socket
import time
import unittest

import peers
from peer_case import PeerCase, sha256

BACKSTOP_SECONDS = 60  # For what happens at once on a healthy machine.


class SystemCase(PeerCase):
    """A test with a server of its own, which it may end and start again. `OPTIONS` are those of `lamina serve`."""

    OPTIONS = ()
    SERVER = peers.Lamina

    def setUp(self):
        self.server_type = lambda: self.SERVER(*self.OPTIONS)
        super().setUp()

    def kill_server(self):
        """Ends the server as a lack of memory would."""
        self.server.send_signal(signal.SIGKILL)
        self.assertEqual(self.server.wait(), -signal.SIGKILL)

    def start_server(self):
        self.server.start()
        self.host = self.server.host

    def lamina(self, *argv, **options):
        return self.run_client(peers.lamina(), *argv, **options)

    def answer(self, *argv, **options):
        """What a command says as JSON."""
        return json.loads(self.lamina(*argv, "-o", "json", **options))

    def request(self, method, path, body=None, **headers):
        """Status, headers and body; the path is absolute, or below `/v2/<repository of this test>/`."""
        connection = http.client.HTTPConnection(self.host, timeout=BACKSTOP_SECONDS)
        self.addCleanup(connection.close)
        if not path.startswith("/"):
            path = f"/v2/{self.repository}/{path}"
        connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def ask(self, status, method, path, body=None, **headers):
        """The same where one status is expected; returns headers and body."""
        found, fields, answer = self.request(method, path, body, **headers)
        self.assertEqual(found, status, f"{method} {path}: {answer.decode(errors='replace')}")
        return fields, answer

    def push_blob(self, content):
        digest = sha256(content)
        self.ask(201, "POST", f"blobs/uploads/?digest={digest}", content)
        return digest

    def blob(self, digest):
        """The bytes of a blob, checked; None where the registry has none."""
        status, _, body = self.request("GET", f"blobs/{digest}")
        if status == 404:
            return None
        self.assertEqual((status, sha256(body)), (200, digest))
        return body

    def raw(self, *messages):
        """A connection on which the bytes were sent."""
        address, port = self.host.rsplit(":", 1)
        connection = socket.create_connection((address, int(port)), timeout=BACKSTOP_SECONDS)
        self.addCleanup(connection.close)
        for message in messages:
            connection.sendall(message)
        return connection

    def head(self, method, path, *fields):
        """The head of a request for a raw connection."""
        lines = (f"{method} /v2/{self.repository}/{path} HTTP/1.1", f"Host: {self.host}", *fields)
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode()

    def files(self, folder):
        """The files below uploads/ or blobs/ of the data folder."""
        return sorted(path for path in (self.server.folder / "data" / folder).rglob("*") if path.is_file())

    def eventually(self, holds):
        """Waits until `holds()` is true."""
        end = time.monotonic() + BACKSTOP_SECONDS
        while not holds():
            self.assertLess(time.monotonic(), end, f"it never came that {holds}")
            time.sleep(0.01)

    def assert_serving(self):
        """The server takes and gives content, of which no file is made."""
        content = os.urandom(1000)
        self.assertEqual(self.blob(self.push_blob(content)), content)


def status_of(connection):
    """The status of the answer on a raw connection; None where the server closes without one."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        response.read()
    except (http.client.BadStatusLine, ConnectionResetError):
        return None
    return response.status
