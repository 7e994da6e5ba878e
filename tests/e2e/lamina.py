# SPDX-License-Identifier: Apache-2.0
"""Lamina's own programs in the tests: the registry, the controller, the client."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

import peers
from program import BACKSTOP_SECONDS, Program, free_port
from wire import Wire

TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ARTIFACT_TYPE = "application/vnd.lamina.test"


class RegistryError(Exception):
    def __init__(self, request, status, body):
        super().__init__(f"{request}: {status} {body.decode(errors='replace')}")
        self.status = status


class Registry(Program):
    """`lamina serve` on a folder that outlives it."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-e2e-"))
        self.host = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.host}"
        self._wire = Wire(lambda: http.client.HTTPConnection(self.host, timeout=BACKSTOP_SECONDS))
        super().__init__(
            self.folder / "serve.log",
            [
                *(peers.lamina(), "serve", "--addr", self.host, "--data", self.folder / "data"),
                *("--advertise-url", self.url, *options),
            ],
            f"{self.url}/readyz",
        )

    def stop(self):
        status = super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if status != 0:
            raise RuntimeError(f"{self.argv[0]} serve ended with status {status}")

    def push(self, path, repository, tag, *options):
        """Publishes a folder or file; returns what `lamina push -o json` says."""
        return client("push", path, f"{self.host}/{repository}:{tag}", *options)

    def exchange(self, method, path, body=None, **headers):
        """Status, headers and bytes."""
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        return self._wire.exchange(method, path, body, headers)

    def ask(self, method, path, body=None, **headers):
        """The JSON of a request that must succeed."""
        status, _, content = self.exchange(method, path, body, **headers)
        if status >= 300:
            raise RegistryError(f"{method} {path}", status, content)
        return json.loads(content)

    def publish(self, repository, content, media_type=TAR_GZIP, **fields):
        """Publishes bytes as one layer, in one request; the fields are those of docs/api/publish.md."""
        layer = {"mediaType": media_type}
        document = json.dumps({"layer": layer, "artifactType": ARTIFACT_TYPE, **fields}).encode()
        body = b"--e2e\r\n\r\n%b\r\n--e2e\r\n\r\n%b\r\n--e2e--\r\n" % (document, content)
        multipart = "multipart/related; boundary=e2e"
        return self.ask("POST", f"/v2/{repository}/_lamina/publish", body, Content_Type=multipart)

    def pages(self, path, member):
        """What a list that comes in pages holds."""
        items = []
        while path:
            status, headers, content = self.exchange("GET", path)
            if status != 200:
                raise RegistryError(f"GET {path}", status, content)
            items += json.loads(content)[member]
            following = re.match(r'<([^>]*)>; *rel="?next', headers.get("Link", ""))
            path = following and urllib.parse.urljoin(path, following[1])
        return items

    def corrupt(self, digest):
        """Changes a byte in the middle of a large blob on the disk, as a failing disk would."""
        hexadecimal = digest.removeprefix("sha256:")
        (path,) = (self.folder / "data" / "blobs").rglob(f"{hexadecimal}*")
        with path.open("r+b") as blob:
            blob.seek(path.stat().st_size // 2)
            byte = blob.read(1)
            blob.seek(-1, 1)
            blob.write(bytes([byte[0] ^ 1]))


class Controller(Program):
    """`lamina controller`; ready when it leads and knows what there is."""

    READY = "controller ready"

    def __init__(self, log, registry, kubeconfig, namespace, *options):
        super().__init__(
            log,
            [
                *(peers.lamina(), "controller", "--kubeconfig", kubeconfig, "--namespace", namespace),
                *("--registry", registry.host, "--advertise-url", registry.url),
                *("--health-addr", "127.0.0.1:0", *options),
            ],
            None,
        )

    def launch(self):
        self._offset = self.log.stat().st_size if self.log.exists() else 0
        super().launch()

    def output(self):
        """What it printed since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._offset)
            return log.read().decode(errors="replace")

    def is_ready(self):
        self.require_running()
        return self.READY in self.output()


def client(*argv):
    """What the client says as JSON; it must succeed."""
    result = subprocess.run(
        [str(argument) for argument in (peers.lamina(), *argv, "-o", "json")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BACKSTOP_SECONDS,
    )
    if result.returncode != 0:
        raise AssertionError(f"lamina {' '.join(map(str, argv))}: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)
