# SPDX-License-Identifier: Apache-2.0
"""What a tag names is told at once, whole and in order, whatever becomes of the server meanwhile."""

import concurrent.futures
import http.client
import json
import os
import queue
import shutil
import signal
import subprocess
import threading

import peers
from system_case import BACKSTOP_SECONDS, SystemCase

PUBLISH = "_lamina/publish?artifactType=application/vnd.example&tag=v1"
CHANGES = "/v2/_lamina/changes"


class SteadyLamina(peers.Lamina):
    """Comes back on the port that it had."""

    address = "127.0.0.1:0"

    def command(self, folder, options):
        return [peers.lamina(), "serve", "--addr", self.address, "--data", folder / "data", *options], {}

    def start(self):
        super().start()
        self.address = self.host


class Watcher:
    """`lamina watch`, whose lines wait to be taken."""

    def __init__(self, case, *argv):
        self._process = subprocess.Popen(
            [str(peers.lamina()), "watch", *argv, "-o", "json"],
            env=case.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        case.addCleanup(self.end)
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def next(self):
        return self._lines.get(timeout=BACKSTOP_SECONDS)

    def digests(self, count):
        return [self.next()["digest"] for _ in range(count)]

    def wait(self, seconds=BACKSTOP_SECONDS):
        """Status, and what was printed and not taken."""
        status = self._process.wait(seconds)
        self._reader.join()
        return status, list(self._lines.queue)

    def interrupt(self):
        self._process.send_signal(signal.SIGTERM)

    def end(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._process.stderr.close()


class WatchCase(SystemCase):
    SERVER = SteadyLamina

    def publish(self, content=None, status=201):
        fields, _ = self.ask(status, "POST", PUBLISH, content or os.urandom(100))
        return fields["Docker-Content-Digest"]

    def watch(self, *argv):
        return Watcher(self, self.reference("v1"), *argv)

    def changes(self, since):
        _, body = self.ask(200, "GET", f"{CHANGES}?since={since}&repository={self.repository}&tag=v1")
        return [change["digest"] for change in json.loads(body)["changes"]]

    def position(self):
        return json.loads(self.ask(200, "GET", CHANGES)[1])["next"]

    def waiting(self, count, since):
        """Connections on which a request waits for a change of this test's repository."""
        path = f"{CHANGES}?since={since}&repository={self.repository}&tag=v1&wait=60"
        message = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode()
        connections = [self.raw(message) for _ in range(count)]
        # With one thread for connections, the server has read those before it reads this.
        self.ask(200, "GET", "/livez")
        return connections

    def answer_on(self, connection):
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
        self.assertEqual(response.status, 200, body)
        return json.loads(body)


class Watched(WatchCase):
    def test_each_digest_is_printed_as_it_comes(self):
        first = self.publish()
        watcher = self.watch()
        line = watcher.next()
        self.assertEqual((line["digest"], line["tag"], line["repository"]), (first, "v1", self.repository))
        for _ in range(5):
            self.assertEqual(self.publish(), watcher.next()["digest"])

    def test_all_tags_of_a_repository(self):
        watcher = Watcher(self, f"{self.host}/{self.repository}")
        for tag in ("a", "b", "a"):
            fields, _ = self.ask(201, "POST", PUBLISH.replace("v1", tag), os.urandom(100))
            line = watcher.next()
            self.assertEqual((line["tag"], line["digest"]), (tag, fields["Docker-Content-Digest"]))

    def test_identity(self):
        (self.folder / "file").write_bytes(b"content")
        identity = ("-i", "component-name=app", "-i", "component-version=1", "--registry", self.host)
        watcher = Watcher(self, *identity)
        pushed = self.answer("push", "file", *identity)
        line = watcher.next()
        self.assertEqual((line["digest"], line["tag"]), (pushed["digest"], "1"))

    def test_once(self):
        before = self.publish()
        watcher = subprocess.Popen(
            [str(peers.lamina()), "watch", self.reference("v1"), "--once"],
            env=self.environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(watcher.stdout.close)
        # One of those that came after it began, whenever that was.
        published = []
        while watcher.poll() is None:
            published.append(self.publish())
        self.assertEqual(watcher.returncode, 0)
        line = watcher.stdout.read()
        self.assertNotIn(before, line)
        self.assertIn(line, [f"{self.reference('v1')}@{digest}\n" for digest in published])

    def test_watcher_ends_at_a_signal(self):
        self.publish()
        watcher = self.watch()
        watcher.next()
        watcher.interrupt()
        self.assertEqual(watcher.wait(seconds=15), (128 + signal.SIGTERM, []))

    def test_concurrent_writers(self):
        self.publish()
        watcher = self.watch()
        watcher.next()
        since = self.position()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.publish(), range(80)))
        changes = self.changes(since)
        self.assertEqual(len(changes), 80)
        self.assertEqual(watcher.digests(80), changes)


class Interrupted(WatchCase):
    def test_server_is_killed_after_each_publish(self):
        published = [self.publish()]
        watcher = self.watch()
        self.assertEqual(watcher.digests(1), published)
        published = []
        for _ in range(5):
            published += [self.publish(), self.publish()]
            self.kill_server()
            self.start_server()
        self.assertEqual(watcher.digests(10), published)

    def test_server_is_stopped_and_started(self):
        published = [self.publish()]
        watcher = self.watch()
        self.assertEqual(watcher.digests(1), published)
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(), 0, self.server.output)
        self.start_server()
        self.assertEqual(self.publish(), watcher.next()["digest"])

    def test_position_outlives_the_server(self):
        since = self.position()
        published = [self.publish(), self.publish()]
        self.kill_server()
        self.start_server()
        published.append(self.publish())
        self.assertEqual(self.changes(since), published)

    def test_server_comes_back_with_other_data(self):
        content = os.urandom(100)
        first = self.publish(content)
        since = self.position()
        watcher = self.watch()
        self.assertEqual(watcher.next()["digest"], first)
        self.kill_server()
        shutil.rmtree(self.server.folder / "data")
        self.start_server()
        self.ask(410, "GET", f"{CHANGES}?since={since}")
        second = self.publish()
        self.assertEqual(watcher.next()["digest"], second)
        self.assertEqual(self.publish(content), first)
        self.assertEqual(watcher.next()["digest"], first)


class Waiting(WatchCase):
    """With one thread for connections and one for the store: who waits holds neither."""

    OPTIONS = ("--threads", "1", "--workers", "1")
    COUNT = 500

    def test_many_waiters_are_answered_by_one_commit(self):
        since = self.position()
        connections = self.waiting(self.COUNT, since)
        digest = self.publish()
        for connection in connections:
            answer = self.answer_on(connection)
            self.assertEqual([change["digest"] for change in answer["changes"]], [digest])

    def test_who_stops_the_server_waits_for_no_waiter(self):
        since = self.position()
        connections = self.waiting(self.COUNT, since)
        self.server.send_signal(signal.SIGTERM)
        for connection in connections:
            self.assertEqual(self.answer_on(connection), {"changes": [], "next": since})
        self.assertEqual(self.server.wait(), 0, self.server.output)
        self.start_server()
