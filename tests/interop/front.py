# SPDX-License-Identifier: Apache-2.0
"""A server between a client and a registry, which records every request and in which a test can interfere."""

import collections
import http.client
import http.server
import select
import socket
import threading
import urllib.parse

HOP_BY_HOP = {"connection", "expect", "proxy-authorization", "proxy-connection", "transfer-encoding"}

Request = collections.namedtuple("Request", "command path headers")


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request. A test that interferes calls one of answer(), forward() and vanish(), and returns True."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        self.body, self.waits = None, False
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def handle_expect_100(self):
        self.waits = True
        return True

    def handle_request(self):
        if not self.front.interferes(self):
            self.forward()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

    def do_CONNECT(self):
        if self.front.interferes(self):
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            self.send_response_only(200)
            self.end_headers()
            ends = {self.connection: upstream, upstream: self.connection}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    if not (data := ready.recv(1 << 16)):
                        self.close_connection = True
                        return
                    ends[ready].sendall(data)

    def invite(self):
        """Tells a client that waits for `100 Continue` to send the body."""
        if self.waits:
            self.send_response_only(100)
            self.end_headers()
        self.waits = False

    def read_body(self):
        self.invite()
        if self.body is None:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                self.body = b"".join(iter(self._read_chunk, b""))
            else:
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return self.body

    def _read_chunk(self):
        chunk = self.rfile.read(int(self.rfile.readline().split(b";")[0], 16))
        self.rfile.readline()
        return chunk

    def answer(self, status, headers=(), body=b"", length=None):
        """`length` above that of the body breaks the connection behind it. A client that waits to be invited
        is not."""
        if self.waits:
            self.close_connection = True
        else:
            self.read_body()
        self.send_response_only(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.close_connection |= length is not None and length > len(body)

    def fetch(self):
        """Status, headers and body of what the registry, or whom a proxy is to ask, says to the request."""
        upstream, path = self.front.upstream, self.path
        if upstream is None:
            url = urllib.parse.urlsplit(self.path)
            upstream, path = url.netloc, urllib.parse.urlunsplit(("", "", *url[2:]))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        body = self.read_body()
        if body:
            headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(upstream)
        try:
            connection.request(self.command, path, body=body or None, headers=headers)
            response = connection.getresponse()
            headers = {
                name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP
            }
            return response.status, headers, response.read()
        finally:
            connection.close()

    def forward(self, change=lambda body: body, keep=1.0):
        """Passes on what the registry says: `change`d, or broken off behind a part of the body."""
        status, headers, body = self.fetch()
        length = int(headers.pop("Content-Length", len(body)))
        self.answer(status, headers, change(body)[: int(len(body) * keep)], length)

    def vanish(self):
        """Ends the connection without an answer."""
        self.close_connection = True

    def log_message(self, *_):
        pass


class Front:
    """Listens on a free port of 127.0.0.1 until stop(). `upstream`: host:port; without it, a proxy."""

    def __init__(self, upstream=None, interfere=lambda exchange: False):
        self.upstream = upstream
        self.interfere = interfere
        self.requests = []
        handler = type("Handler", (Exchange,), {"front": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def interferes(self, exchange):
        self.requests.append(Request(exchange.command, exchange.path, exchange.headers))
        return self.interfere(exchange)


def once(matches, act):
    """Interferes by `act` in the first request that `matches`."""
    pending = [None]

    def interfere(exchange):
        if not matches(exchange) or not pending:
            return False
        pending.pop()
        act(exchange)
        return True

    return interfere
