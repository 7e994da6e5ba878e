# SPDX-License-Identifier: Apache-2.0
"""The base of the interop tests: a server, a folder and a repository for each test.

Reads over plain HTTP compare bytes and digests without any client.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import peers

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CLIENT_SECONDS = 300


def sha256(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tree(folder):
    """The files of a folder: relative path -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file()
    }


class PeerCase(unittest.TestCase):
    """A test of clients against one running registry: Lamina, unless `run --server` says otherwise."""

    PEERS = ()  # what the tests of the class run, as named in tests/peers/versions
    server_type = peers.Lamina

    @classmethod
    def setUpClass(cls):
        peers.install(*cls.PEERS, *cls.server_type.PEERS)

    def setUp(self):
        self.server = self.server_type()
        self.addCleanup(self.server.stop)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-interop-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.host = self.server.host
        self.repository = re.sub(r"[^a-z0-9/]+", "-", f"{type(self).__name__}/{self._testMethodName}".lower())
        (self.folder / "home").mkdir()

    def reference(self, name, suffix=""):
        """`host/<repository of this test><suffix>:name`, or with `@name` for a digest."""
        return f"{self.host}/{self.repository}{suffix}{'@' if ':' in name else ':'}{name}"

    def environment(self):
        """What a client sees: a home of its own, so that no settings or credentials of the caller matter."""
        home = str(self.folder / "home")
        return {
            "PATH": f"{peers.CACHE / 'bin'}:{os.environ['PATH']}",
            "HOME": home,
            "TMPDIR": str(self.folder),
        }

    def run_client(self, *argv, cwd=None, stdin=b"", fails=False):
        """Runs a client and returns its standard output. It ends well, or with status `fails` (True: any)."""
        argv = [str(argument) for argument in argv]
        result = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            timeout=CLIENT_SECONDS,
        )
        if result.returncode == 0 if fails is True else result.returncode != fails:
            self.fail(
                f"{' '.join(argv)}: exit status {result.returncode}\n"
                f"{result.stdout.decode(errors='replace')}{result.stderr.decode(errors='replace')}"
            )
        return result.stdout

    def http(self, method, path):
        """Status, headers and body of a request to `/v2/<repository of this test>/<path>`."""
        request = urllib.request.Request(f"{self.server.url}/v2/{self.repository}/{path}", method=method)
        request.add_header("Accept", f"{OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST}")
        try:
            with urllib.request.urlopen(request, timeout=CLIENT_SECONDS) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def stored_manifest(self, name):
        """A manifest of this test's repository; its digest must equal the header and the name."""
        status, headers, body = self.http("GET", f"manifests/{name}")
        self.assertEqual(status, 200, body)
        self.assertEqual(headers["Docker-Content-Digest"], sha256(body))
        if ":" in name:
            self.assertEqual(name, sha256(body))
        return body

    def stored_blob(self, descriptor):
        """The bytes that a descriptor names in this test's repository; digest and size are checked."""
        status, _, body = self.http("GET", f"blobs/{descriptor['digest']}")
        self.assertEqual(status, 200, body)
        self.assertEqual(descriptor["digest"], sha256(body))
        self.assertEqual(descriptor["size"], len(body))
        return body

    def stored_layers(self, name):
        """The bytes of every layer of an image manifest."""
        return [self.stored_blob(layer) for layer in json.loads(self.stored_manifest(name))["layers"]]

    def assert_same_tree(self, folder, original):
        """Both folders hold the same, but for folders without files; a failure names what differs."""
        found, wanted = tree(folder), tree(original)
        differing = sorted(
            name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)
        )
        self.assertEqual(differing, [])

    def assert_gone(self, name):
        self.assertEqual(self.http("GET", f"manifests/{name}")[0], 404)
