# SPDX-License-Identifier: Apache-2.0
"""Lamina's own client behind proxies and on networks that fail, against docker-registry and distribution."""

import os
import pathlib
import tempfile
import unittest

import certificates
import peers
from front import Front, once
from lamina_case import LaminaCase, configured
from peer_case import sha256

MISMATCH, UNAUTHORIZED, UNAVAILABLE = 4, 5, 7
MIB = 1 << 20


def is_blob_get(request):
    return request.command == "GET" and "/blobs/" in request.path


def is_blob_put(request):
    return request.command == "PUT" and "/blobs/uploads/" in request.path


class BehindFront(LaminaCase):
    """The client reaches the registry through a server that the tests make fail."""

    def setUp(self):
        super().setUp()
        self.front = self.start(Front(self.server.host))
        self.host = self.front.host

    def start(self, front):
        self.addCleanup(front.stop)
        return front

    def pushed(self, content):
        """Pushes a file; what the front records from here on is what comes after."""
        pushed = self.push(self.write("file", content))
        self.front.requests.clear()
        return pushed

    def blob_ranges(self):
        return [
            request.headers.get("Range") for request in self.front.requests if "/blobs/" in request.path
        ]

    def assert_nothing_left(self):
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["file", "home"])

    def test_download_goes_on_where_it_broke(self):
        content = os.urandom(MIB)
        self.pushed(content)
        self.front.interfere = once(is_blob_get, lambda exchange: exchange.forward(keep=0.5))
        pulled = self.answer("pull", self.reference("v1"), "--to", "out")
        self.assertEqual((self.folder / "out").read_bytes(), content)
        self.assertEqual(pulled["bytesReceived"], MIB)
        self.assertEqual(self.blob_ranges(), [None, f"bytes={MIB // 2}-"])

    def test_large_download_in_ranges_goes_on_where_it_broke(self):
        content = os.urandom(65 * MIB)
        self.pushed(content)
        self.front.interfere = once(
            lambda exchange: (
                is_blob_get(exchange) and exchange.headers["Range"].startswith(f"bytes={16 * MIB}-")
            ),
            lambda exchange: exchange.forward(keep=0.25),
        )
        pulled = self.answer("pull", self.reference("v1"), "--to", "out")
        self.assertEqual(sha256((self.folder / "out").read_bytes()), sha256(content))
        self.assertEqual(pulled["bytesReceived"], len(content))
        starts = sorted(int(asked.removeprefix("bytes=").split("-")[0]) for asked in self.blob_ranges())
        self.assertEqual(starts, [0, 16 * MIB, 20 * MIB, 32 * MIB, 48 * MIB, 64 * MIB])

    def test_upload_starts_anew_where_it_broke(self):
        content = os.urandom(3 * MIB)
        for name, act in {
            "no answer to the upload": lambda exchange: (exchange.read_body(), exchange.vanish()),
            "lost answer": lambda exchange: (exchange.fetch(), exchange.vanish()),
            "in the middle": lambda exchange: (
                exchange.invite(),
                exchange.rfile.read(MIB),
                exchange.vanish(),
            ),
        }.items():
            with self.subTest(name):
                self.front.interfere = once(is_blob_put, act)
                self.repository = f"{self._testMethodName}/{name.replace(' ', '-')}"
                self.front.requests.clear()
                self.push(self.write("file", content))
                puts = [request for request in self.front.requests if is_blob_put(request)]
                self.assertEqual(len(puts), 3)  # The layer twice, and the config.
                self.assertEqual(self.stored_layers("v1"), [content])

    def test_busy_registry_is_asked_again(self):
        content = b"content"
        self.pushed(content)
        for status, headers in ((429, {"Retry-After": "0"}), (503, {}), (502, {})):
            with self.subTest(status=status):
                self.front.requests.clear()
                self.front.interfere = once(is_blob_get, lambda exchange: exchange.answer(status, headers))
                self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), content)
                self.assertEqual(len(self.blob_ranges()), 2)

    def test_registry_that_stays_busy_is_unavailable(self):
        self.pushed(b"content")
        self.front.interfere = lambda exchange: exchange.answer(429, {"Retry-After": "0"}) or True
        said = self.complaint(
            "pull", self.reference("v1"), "--to", "out", "--retries", "2", fails=UNAVAILABLE
        )
        self.assertIn("429", said)
        self.assertEqual(len(self.front.requests), 3)
        self.assert_nothing_left()

    def test_credentials_stay_at_their_host(self):
        storage = self.start(Front(self.server.host))
        content = os.urandom(MIB)
        self.pushed(content)
        (self.folder / "password").write_text("secret\n")

        def guard(exchange):
            if not exchange.headers.get("Authorization"):
                exchange.answer(401, {"WWW-Authenticate": 'Basic realm="front"'})
            elif is_blob_get(exchange):
                exchange.answer(307, {"Location": f"http://localhost:{storage.port}{exchange.path}"})
            else:
                return False
            return True

        self.front.interfere = guard
        storage.interfere = once(is_blob_get, lambda exchange: exchange.forward(keep=0.5))
        user = ("--registry", self.host, "--username", "user", "--password-file", "password")
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-", *user), content)
        self.assertEqual([request.headers.get("Authorization") for request in storage.requests], [None, None])
        self.assertEqual(storage.requests[1].headers.get("Range"), f"bytes={MIB // 2}-")

    def test_wrong_bytes_are_noticed(self):
        content = os.urandom(MIB)
        digest = self.pushed(content)["digest"]

        def flip(body):
            return body[:-1] + bytes([body[-1] ^ 1])

        for name, path in (("v1", "/blobs/"), (digest, "/manifests/")):
            with self.subTest(path):
                self.front.interfere = lambda exchange: (
                    exchange.command == "GET" and path in exchange.path and (exchange.forward(flip) or True)
                )
                for target in ("out", "unpacked"):
                    options = ("--unpack",) if target == "unpacked" else ()
                    said = self.complaint(
                        "pull", self.reference(name), "--to", target, *options, fails=MISMATCH
                    )
                    self.assertIn("expected", said)
                    self.assert_nothing_left()
                self.complaint("verify", self.reference(name), fails=MISMATCH)

    def test_too_few_and_too_many_bytes_are_noticed(self):
        self.pushed(b"content" * 1000)
        for change in (lambda body: body[:-1], lambda body: body + b"x"):

            def alter(exchange, change=change):
                if not is_blob_get(exchange):
                    return False
                status, headers, body = exchange.fetch()
                del headers["Content-Length"]
                exchange.answer(status, headers, change(body))
                return True

            self.front.interfere = alter
            self.complaint("pull", self.reference("v1"), "--to", "out", fails=MISMATCH)
            self.assert_nothing_left()


class BehindProxy(LaminaCase):
    """The client finds a proxy in its environment."""

    def setUp(self):
        super().setUp()
        self.proxy = Front()
        self.addCleanup(self.proxy.stop)
        self.variables = dict.fromkeys(("http_proxy", "https_proxy"), f"http://{self.proxy.host}")

    def environment(self):
        return {**super().environment(), **self.variables}


class PlainBehindProxy(BehindProxy):
    def test_every_request_goes_through_it(self):
        content = os.urandom(2 * MIB)
        self.push(self.write("file", content))
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-"), content)
        self.assertTrue(self.proxy.requests)
        for request in self.proxy.requests:
            self.assertTrue(request.path.startswith(f"http://{self.host}/v2/"), request.path)

    def test_no_proxy_is_respected(self):
        for name in ("NO_PROXY", "no_proxy"):
            self.variables = {**self.variables, name: "elsewhere.example,127.0.0.1"}
            self.push(self.write("file", name.encode()), name.lower())
            del self.variables[name]
        self.assertEqual(self.proxy.requests, [])

    def test_proxy_wants_a_password(self):
        def guard(exchange):
            if exchange.headers.get("Proxy-Authorization") == "Basic dXNlcjpzZWNyZXQ=":
                return False
            exchange.answer(407, {"Proxy-Authenticate": 'Basic realm="proxy"'})
            return True

        self.proxy.interfere = guard
        said = self.complaint("resolve", self.reference("v1"), fails=UNAUTHORIZED)
        self.assertIn("407", said)
        self.variables = {"http_proxy": f"http://user:secret@{self.proxy.host}"}
        self.push(self.write("file", b"content"))


class TlsBehindProxy(BehindProxy):
    """Through a tunnel, in which the proxy sees nothing but the registry's address."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lamina-interop-")
        self.addCleanup(folder.cleanup)
        authority = certificates.Authority(pathlib.Path(folder.name) / "ca")
        certificate, key = authority.issue("registry")
        self.server_type = configured(
            self.server_type,
            {"REGISTRY_HTTP_TLS_CERTIFICATE": certificate, "REGISTRY_HTTP_TLS_KEY": key},
        )
        super().setUp()
        self.tls = ("--tls", "always", "--ca-file", authority.certificate)

    def test_tunnel(self):
        content = os.urandom(2 * MIB)
        self.push(self.write("file", content), "v1", *self.tls)
        self.assertEqual(self.lamina("pull", self.reference("v1"), "--to", "-", *self.tls), content)
        self.assertEqual({request[:2] for request in self.proxy.requests}, {("CONNECT", self.host)})

    def test_refused_tunnel(self):
        for status, fails in ((403, UNAVAILABLE), (407, UNAUTHORIZED)):
            self.proxy.interfere = lambda exchange: exchange.answer(status) or True
            said = self.complaint("resolve", self.reference("v1"), *self.tls, "--retries", "0", fails=fails)
            self.assertIn(f"CONNECT tunnel failed, response {status}", said)


def load_tests(loader, tests, pattern):
    """Each against both registries."""
    cases = unittest.TestSuite()
    for server_type in (peers.DockerRegistry, peers.Distribution):
        for base in (BehindFront, PlainBehindProxy, TlsBehindProxy):
            case = type(f"{base.__name__}{server_type.__name__}", (base,), {"server_type": server_type})
            cases.addTests(loader.loadTestsFromTestCase(case))
    return cases
