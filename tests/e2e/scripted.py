# SPDX-License-Identifier: Apache-2.0
"""A registry of one artifact that misbehaves as a test says, and remembers who asked when."""

import base64
import hashlib
import json
import ssl
import time

from front import Front
from lamina import ARTIFACT_TYPE, TAR_GZIP

REPOSITORY = "team/app"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def sha256(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class ScriptedRegistry(Front):
    """`script` answers the exchanges of front.py; serve() does so well. With `certificate` over TLS, with `user`
    only to NAME:PASSWORD."""

    def __init__(self, script=None, certificate=None, user=None):
        self.layer = b"layer" * 1000
        config = b"{}"
        descriptors = {
            name: {"mediaType": media_type, "digest": sha256(content), "size": len(content)}
            for name, media_type, content in (
                ("config", "application/vnd.oci.empty.v1+json", config),
                ("layer", TAR_GZIP, self.layer),
            )
        }
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": ARTIFACT_TYPE,
                "config": descriptors["config"],
                "layers": [descriptors["layer"]],
            }
        ).encode()
        self._contents = {
            f"/v2/{REPOSITORY}/manifests/v1": (MANIFEST_TYPE, self.manifest),
            f"/v2/{REPOSITORY}/manifests/{sha256(self.manifest)}": (MANIFEST_TYPE, self.manifest),
            f"/v2/{REPOSITORY}/blobs/{sha256(self.layer)}": ("application/octet-stream", self.layer),
        }
        self._user = user and f"Basic {base64.b64encode(user.encode()).decode()}"
        self.script = script or self.serve
        self.times = []
        super().__init__(interfere=self._answer)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.handle_error = lambda *_: None  # Clients that do not trust it hang up.

    def _answer(self, exchange):
        self.times.append(time.monotonic())
        self.script(exchange)
        return True

    def serve(self, exchange, change=lambda content: content, keep=1.0):
        """The content, `change`d, or broken off behind a part of it."""
        if self._user and exchange.headers.get("Authorization") != self._user:
            exchange.answer(401, {"WWW-Authenticate": 'Basic realm="scripted"'})
            return
        found = self._contents.get(exchange.path)
        if found is None:
            exchange.answer(404)
            return
        media_type, content = found
        body = change(content)
        headers = {"Content-Type": media_type}
        if "/manifests/" in exchange.path:
            headers["Docker-Content-Digest"] = sha256(body)
        exchange.answer(200, headers, body[: int(len(body) * keep)], len(body))
