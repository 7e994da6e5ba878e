# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: content is stored once, tags are always whole, conditions hold for one of them."""

import concurrent.futures
import json
import os
import subprocess

import peers
from peer_case import CLIENT_SECONDS, sha256
from system_case import SystemCase

CLIENTS = 16
CONFLICT = 6


class Concurrent(SystemCase):
    def at_once(self, work):
        """`work(number)` for each client at once; their results."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(work, range(CLIENTS)))

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def test_same_content_is_stored_once(self):
        content = os.urandom(1 << 20)
        self.write("file", content)
        modes = ("one-request", "standard")
        pushed = self.at_once(
            lambda n: self.answer("push", "file", self.reference(f"v{n}", f"/{n % 4}"), "--mode", modes[n % 2])
        )
        self.assertEqual({artifact["layer"]["digest"] for artifact in pushed}, {sha256(content)})
        self.assertEqual(len({artifact["digest"] for artifact in pushed}), 1)
        (stored,) = self.files("blobs")
        self.assertEqual(stored.read_bytes(), content)
        self.assertEqual(self.files("uploads"), [])
        self.at_once(lambda n: self.lamina("verify", self.reference(f"v{n}", f"/{n % 4}")))

    def test_tag_that_all_write_names_one_of_them(self):
        for n in range(CLIENTS):
            self.write(f"file-{n}", os.urandom(200_000))
        pushed = self.at_once(lambda n: self.answer("push", f"file-{n}", self.reference("v1")))
        digests = {artifact["digest"] for artifact in pushed}
        self.assertEqual(len(digests), CLIENTS)
        self.assertIn(sha256(self.stored_manifest("v1")), digests)
        # Whose tag moved on is stored all the same.
        self.at_once(lambda n: self.lamina("verify", self.reference(pushed[n]["digest"])))

    def test_condition_holds_for_one(self):
        for n in range(CLIENTS):
            self.write(f"file-{n}", b"%d" % n)

        def push(n):
            argv = (peers.lamina(), "push", f"file-{n}", self.reference("v1"), "--if-absent", "-o", "json")
            return subprocess.run(
                list(map(str, argv)), cwd=self.folder, env=self.environment(),
                capture_output=True, timeout=CLIENT_SECONDS,
            )  # fmt: skip

        results = self.at_once(push)
        won = [json.loads(result.stdout) for result in results if result.returncode == 0]
        self.assertEqual(len(won), 1, results)
        self.assertEqual({result.returncode for result in results}, {0, CONFLICT})
        self.assertEqual(sha256(self.stored_manifest("v1")), won[0]["digest"])

    def test_readers_see_whole_artifacts_while_the_tag_moves(self):
        for n in range(CLIENTS):
            self.write(f"file-{n}", b"%03d" % n * 100_000)
        self.lamina("push", "file-0", self.reference("v1"))

        def work(n):
            if n % 2:
                return self.lamina("push", f"file-{n}", self.reference("v1")) and None
            return self.lamina("pull", self.reference("v1"), "--to", "-")

        for content in filter(None, self.at_once(work)):
            self.assertEqual(content, content[:3] * 100_000)
