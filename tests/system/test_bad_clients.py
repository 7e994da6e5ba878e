# SPDX-License-Identifier: Apache-2.0
"""Clients that stall, vanish, or send more or less than they said: nothing is stored half, others are served."""

import os
import re
import select
import socket
import struct

from peer_case import sha256
from system_case import BACKSTOP_SECONDS, SystemCase, status_of

SMALL, LARGE = 1000, 5 << 20  # The one lives in the records, the other is a file.
PUBLISH = "_lamina/publish?artifactType=application/vnd.example&tag=v1"


def vanish(connection):
    """Closes a connection as a client does whose machine goes away: by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class BadClientCase(SystemCase):
    def direct_paths(self, content):
        """The requests that store a blob by themselves."""
        return f"blobs/uploads/?digest={sha256(content)}", PUBLISH

    def assert_nothing_stored(self, content):
        self.eventually(lambda: not self.files("uploads") and not self.files("blobs"))
        self.assertIsNone(self.blob(sha256(content)))
        self.assert_gone("v1")
        self.assert_serving()

    def session(self):
        """A new upload: its path below the repository."""
        where = self.ask(202, "POST", "blobs/uploads/")[0]["Location"]
        return where.removeprefix(f"/v2/{self.repository}/")

    def offset(self, upload):
        return self.ask(204, "GET", upload)[0]["Range"]


class Stall(BadClientCase):
    OPTIONS = ("--header-timeout", "2s", "--body-timeout", "2s")

    def test_others_are_served_while_many_stall(self):
        content = os.urandom(LARGE)
        stored = self.push_blob(content)
        stalled = [
            *(self.raw() for _ in range(50)),
            *(self.raw(b"POST /v2/") for _ in range(50)),
            *(self.raw(self.head("POST", PUBLISH, f"Content-Length: {LARGE}"), b"x" * SMALL) for _ in range(50)),
            *(self.raw(self.head("GET", f"blobs/{stored}")) for _ in range(50)),
        ]
        self.assert_serving()
        self.assertEqual(self.blob(stored), content)
        for connection in stalled[50:150]:
            self.assertEqual(status_of(connection), 408)
        self.assert_gone("v1")
        for connection in stalled[150:]:
            self.assert_reset(connection)
        self.assertEqual(self.blob(stored), content)

    def assert_reset(self, connection):
        """A client that takes nothing is cut off; to read here would be to take something."""
        poll = select.poll()
        poll.register(connection, 0)
        ((_, events),) = poll.poll(BACKSTOP_SECONDS * 1000) or ((None, 0),)
        self.assertTrue(events & select.POLLERR)

    def test_upload_that_stalled_goes_on_later(self):
        content = os.urandom(LARGE)
        upload = self.session()
        stalled = self.raw(self.head("PATCH", upload, f"Content-Length: {LARGE}"), content[:SMALL])
        self.assertEqual(status_of(stalled), 408)
        self.assertEqual(self.offset(upload), f"0-{SMALL - 1}")
        self.ask(202, "PATCH", upload, content[SMALL:])
        self.ask(201, "PUT", f"{upload}?digest={sha256(content)}")
        self.assertEqual(self.blob(sha256(content)), content)


class Vanish(BadClientCase):
    def test_within_a_blob(self):
        for size in (SMALL, LARGE):
            content = os.urandom(size)
            for path in self.direct_paths(content):
                with self.subTest(path, size=size):
                    vanish(self.raw(self.head("POST", path, f"Content-Length: {size}"), content[: size // 2]))
                    self.assert_nothing_stored(content)

    def test_within_a_chunk(self):
        content = os.urandom(LARGE)
        upload = self.session()
        vanish(self.raw(self.head("PATCH", upload, f"Content-Length: {LARGE}"), content[: LARGE // 2]))

        def refused():
            """409 until the server has noticed that nobody writes to the upload any more."""
            status, _, answer = self.request("PUT", f"{upload}?digest={sha256(content)}")
            self.assertIn(status, (400, 409), answer)
            return status == 400

        self.eventually(refused)
        self.assert_nothing_stored(content)

    def test_within_an_answer(self):
        content = os.urandom(LARGE)
        stored = self.push_blob(content)
        for _ in range(20):
            connection = self.raw(self.head("GET", f"blobs/{stored}"))
            connection.recv(SMALL)
            vanish(connection)
        self.assertEqual(self.blob(stored), content)

    def test_at_once(self):
        for _ in range(200):
            vanish(self.raw())
        self.assert_serving()


class WrongLength(BadClientCase):
    def test_less_than_announced(self):
        for size in (SMALL, LARGE):
            content = os.urandom(size)
            for path in self.direct_paths(content):
                with self.subTest(path, size=size):
                    connection = self.raw(self.head("POST", path, f"Content-Length: {size}"), content[:-1])
                    connection.shutdown(socket.SHUT_WR)
                    self.assertEqual(status_of(connection), 400)
                    self.assert_nothing_stored(content)

    def test_more_than_announced(self):
        """What is behind the body is the next request, and none that makes sense."""
        content = os.urandom(SMALL)
        connection = self.raw(
            self.head("POST", f"blobs/uploads/?digest={sha256(content)}", f"Content-Length: {SMALL}"),
            content + b"and more\r\n\r\n",
        )
        with connection.makefile("rb") as answers:
            statuses = re.findall(rb"^HTTP/1.1 (\d+)", answers.read(), re.MULTILINE)
        self.assertEqual(statuses, [b"201", b"400"])
        self.assertEqual(self.blob(sha256(content)), content)

    def test_more_than_the_digest_covers(self):
        for size in (SMALL, LARGE):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.ask(400, "POST", f"blobs/uploads/?digest={sha256(content)}", content + b"x")
                self.ask(400, "POST", f"{PUBLISH}&digest={sha256(content)}", content + b"x")
                self.assert_nothing_stored(content)

    def test_chunk_that_is_not_as_long_as_its_range(self):
        """It is refused; the upload is as far as bytes came that the range covers, and goes on there."""
        content = os.urandom(SMALL)
        said = f"Content-Range: 0-{SMALL - 1}"
        for name, body, offset in (
            ("longer", b"%x\r\n%b\r\n0\r\n\r\n" % (SMALL + 1, content + b"x"), SMALL),
            ("shorter", b"%x\r\n%b\r\n0\r\n\r\n" % (SMALL - 1, content[:-1]), SMALL - 1),
        ):
            with self.subTest(name):
                upload = self.session()
                connection = self.raw(self.head("PATCH", upload, "Transfer-Encoding: chunked", said), body)
                self.assertEqual(status_of(connection), 400)
                self.assertEqual(self.offset(upload), f"0-{offset - 1}")
                self.ask(202, "PATCH", upload, content[offset:])
                self.ask(201, "PUT", f"{upload}?digest={sha256(content)}")
                self.assertEqual(self.blob(sha256(content)), content)

    def test_layer_that_is_not_as_long_as_announced(self):
        content = os.urandom(LARGE)
        for size in (LARGE - 1, LARGE + 1):
            with self.subTest(size):
                fields = b'{"artifactType":"application/vnd.example","layer":{"size":%d},"tags":["v1"]}' % size
                body = (
                    b"--b\r\nContent-Type: application/json\r\n\r\n%b\r\n--b\r\n\r\n%b\r\n--b--" % (fields, content)
                )
                path = PUBLISH.partition("?")[0]
                self.ask(400, "POST", path, body, Content_Type="multipart/related; boundary=b")
                self.assert_nothing_stored(content)

    def test_body_without_its_end(self):
        """A multipart body that breaks off before its last boundary, though the length is right."""
        content = os.urandom(LARGE)
        fields = b'{"artifactType":"application/vnd.example","tags":["v1"]}'
        body = b"--b\r\nContent-Type: application/json\r\n\r\n%b\r\n--b\r\n\r\n%b" % (fields, content)
        self.ask(400, "POST", PUBLISH.partition("?")[0], body, Content_Type="multipart/related; boundary=b")
        self.assert_nothing_stored(content)


class NotHttp(BadClientCase):
    def test_nonsense_is_refused_and_others_are_served(self):
        for nonsense in (
            os.urandom(64) + b"\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),  # the first bytes of TLS
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (1 << 20),
        ):
            with self.subTest(nonsense[:16]):
                connection = self.raw()
                try:
                    connection.sendall(nonsense)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # It was answered and closed before all was sent.
                self.assertIn(status_of(connection), (400, 431, 505, None))
                self.assert_serving()
