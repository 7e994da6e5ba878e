# SPDX-License-Identifier: Apache-2.0
"""The server dies or is stopped: what was acknowledged is there, what was not is absent or can go on."""

import os
import signal

from peer_case import sha256
from system_case import SystemCase, status_of

SMALL, LARGE = 1000, 5 << 20  # The one lives in the records, the other is a file.
PUBLISH = "_lamina/publish?artifactType=application/vnd.example"


class Killed(SystemCase):
    def restart(self):
        self.kill_server()
        self.start_server()

    def test_blobs_are_there_after_201(self):
        for size in (0, SMALL, LARGE):
            with self.subTest(size=size):
                content = os.urandom(size)
                digest = self.push_blob(content)
                self.restart()
                self.assertEqual(self.blob(digest), content)

    def test_artifacts_are_there_after_201(self):
        for size in (SMALL, LARGE):
            with self.subTest(size=size):
                content = os.urandom(size)
                fields, _ = self.ask(201, "POST", f"{PUBLISH}&tag=v{size}", content)
                self.restart()
                self.assertEqual(sha256(self.stored_manifest(f"v{size}")), fields["Docker-Content-Digest"])
                self.assertEqual(self.stored_layers(f"v{size}"), [content])

    def test_a_delete_is_done_after_202(self):
        self.ask(201, "POST", f"{PUBLISH}&tag=stays", b"other content")
        fields, _ = self.ask(201, "POST", f"{PUBLISH}&tag=goes", b"content")
        self.ask(202, "DELETE", f"manifests/{fields['Docker-Content-Digest']}")
        self.restart()
        self.assert_gone("goes")
        self.assertEqual(self.stored_layers("stays"), [b"other content"])

    def test_upload_goes_on_after_each_chunk(self):
        for size in (SMALL, LARGE):
            with self.subTest(chunk=size):
                chunks = [os.urandom(size) for _ in range(4)]
                where = self.ask(202, "POST", "blobs/uploads/")[0]["Location"]
                offset = 0
                for chunk in chunks:
                    fields, _ = self.ask(
                        202, "PATCH", where, chunk, Content_Range=f"{offset}-{offset + len(chunk) - 1}"
                    )
                    offset += len(chunk)
                    self.restart()
                    where = fields["Location"]
                    self.assertEqual(self.ask(204, "GET", where)[0]["Range"], f"0-{offset - 1}")
                content = b"".join(chunks)
                self.ask(201, "PUT", f"{where}?digest={sha256(content)}")
                self.assertEqual(self.blob(sha256(content)), content)
                self.assertEqual(self.files("uploads"), [])

    def test_upload_goes_on_where_a_chunk_broke_off(self):
        """The server dies within a chunk: its status says how much of it is there."""
        content = os.urandom(LARGE)
        where = self.ask(202, "POST", "blobs/uploads/")[0]["Location"]
        upload = where.partition(f"/v2/{self.repository}/")[2]
        self.raw(self.head("PATCH", upload, f"Content-Length: {LARGE}"), content[: LARGE // 2])
        self.eventually(lambda: any(path.stat().st_size >= 1 << 20 for path in self.files("uploads")))
        self.restart()
        offset = int(self.ask(204, "GET", where)[0]["Range"].removeprefix("0-")) + 1
        self.assertIn(offset, range(1 << 20, LARGE // 2 + 1))
        self.ask(202, "PATCH", where, content[offset:], Content_Range=f"{offset}-{LARGE - 1}")
        self.ask(201, "PUT", f"{where}?digest={sha256(content)}")
        self.assertEqual(self.blob(sha256(content)), content)

    def test_nothing_is_left_of_what_was_not_acknowledged(self):
        content = os.urandom(LARGE)
        for path in (f"blobs/uploads/?digest={sha256(content)}", f"{PUBLISH}&tag=v1"):
            with self.subTest(path):
                self.raw(self.head("POST", path, f"Content-Length: {LARGE}"), content[: LARGE // 2])
                self.eventually(lambda: self.files("uploads"))
                self.restart()
                self.assertIsNone(self.blob(sha256(content)))
                self.assert_gone("v1")
                self.assertEqual((self.files("uploads"), self.files("blobs")), ([], []))


class Stopped(SystemCase):
    def stopping(self):
        """Asks the server to stop, and waits until it has heard it."""
        self.server.send_signal(signal.SIGTERM)
        self.eventually(lambda: any("stopping" in line for line in self.server.output))

    def test_upload_in_progress_finishes(self):
        content = os.urandom(LARGE)
        path = f"blobs/uploads/?digest={sha256(content)}"
        upload = self.raw(self.head("POST", path, f"Content-Length: {LARGE}"), content[: LARGE // 2])
        self.eventually(lambda: self.files("uploads"))
        self.stopping()
        upload.sendall(content[LARGE // 2 :])
        self.assertEqual(status_of(upload), 201)
        self.assertEqual(self.server.wait(), 0, self.server.output)
        self.start_server()
        self.assertEqual(self.blob(sha256(content)), content)

    def test_idle_clients_hold_nothing_up(self):
        idle = self.raw(self.head("GET", "tags/list"))
        self.assertEqual(status_of(idle), 404)
        self.stopping()
        self.assertEqual(idle.recv(1), b"")
        self.assertEqual(self.server.wait(), 0, self.server.output)
        self.start_server()


class StoppedImpatiently(SystemCase):
    OPTIONS = ("--grace", "1s")

    def test_upload_that_does_not_move_is_cut_off(self):
        content = os.urandom(LARGE)
        path = f"blobs/uploads/?digest={sha256(content)}"
        upload = self.raw(self.head("POST", path, f"Content-Length: {LARGE}"), content[: LARGE // 2])
        self.eventually(lambda: self.files("uploads"))
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(), 0, self.server.output)
        upload.close()
        self.start_server()
        self.assertIsNone(self.blob(sha256(content)))
        self.assertEqual((self.files("uploads"), self.files("blobs")), ([], []))
