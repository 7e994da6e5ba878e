# SPDX-License-Identifier: Apache-2.0
"""Content that the interop tests push, made here so that every byte is known beforehand."""

import gzip
import io
import json
import tarfile

from peer_case import OCI_INDEX, OCI_MANIFEST, sha256

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
PLATFORMS = ("amd64", "arm64")


def encode(document):
    return json.dumps(document, separators=(",", ":")).encode()


def tar(files):
    """A tar of a few files (name -> bytes), the same bytes every time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class Layout:
    """An OCI image layout on disk: an index of two images tagged `both`, each image tagged by architecture.

    `blobs` has everything that was written: digest -> bytes.
    """

    def __init__(self, folder):
        self.folder = folder
        self.blobs = {}
        (folder / "blobs" / "sha256").mkdir(parents=True)
        images = {architecture: self._image(architecture) for architecture in PLATFORMS}
        children = [
            {**image, "platform": {"os": "linux", "architecture": architecture}}
            for architecture, image in images.items()
        ]
        self.index = self._add(
            OCI_INDEX, encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
        )
        self.images = images
        top = [
            {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}
            for name, descriptor in {"both": self.index, **images}.items()
        ]
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (folder / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": top}))

    def _add(self, media_type, content):
        digest = sha256(content)
        self.blobs[digest] = content
        (self.folder / "blobs" / digest.replace(":", "/")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _image(self, architecture):
        layers, diff_ids = [], []
        for number in range(2):
            plain = tar({f"layer-{number}.txt": f"{architecture} {number}\n".encode() * 1000 * (number + 1)})
            diff_ids.append(sha256(plain))
            layers.append(self._add(LAYER_TYPE, gzip.compress(plain, mtime=0)))
        config = {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self._add(CONFIG_TYPE, encode(config)),
            "layers": layers,
        }
        return self._add(OCI_MANIFEST, encode(manifest))


def blobs_of_layout(folder):
    """Every blob of a layout that a client wrote: digest -> bytes."""
    return {f"sha256:{path.name}": path.read_bytes() for path in (folder / "blobs" / "sha256").iterdir()}
