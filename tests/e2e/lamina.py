# SPDX-License-Identifier: Apache-2.0
"""Lamina's own programs in the tests: the registry, the controller, the client."""

import json
import pathlib
import shutil
import subprocess
import tempfile

import peers
from program import BACKSTOP_SECONDS, Program, free_port


class Registry(Program):
    """`lamina serve` on a folder that outlives it."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lamina-e2e-"))
        self.host = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.host}"
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

    def __init__(self, cluster, registry, namespace, *options, name="controller", kubeconfig=None):
        super().__init__(
            cluster.folder / f"{name}.log",
            [
                *(peers.lamina(), "controller", "--registry", registry.host),
                *("--kubeconfig", kubeconfig or cluster.kubeconfig(), "--advertise-url", registry.url),
                *("--namespace", namespace, "--health-addr", "127.0.0.1:0", *options),
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
